package cognito_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// newDeviceServer starts a pool that tracks devices.
func newDeviceServer(t *testing.T, onPrompt bool) *cognitotest.Server {
	t.Helper()
	return newFlowServer(t, cognitotest.Config{Devices: &cognitotest.DeviceConfiguration{
		ChallengeRequiredOnNewDevice: true, DeviceOnlyRememberedOnUserPrompt: onPrompt,
	}})
}

// withDevice signs user in and confirms its device.
func withDevice(t *testing.T, c *cognito.Cognito) cognito.Device {
	t.Helper()
	require.NoError(t, c.Authenticate(t.Context(), testPassword))
	d, err := c.ConfirmDevice(t.Context(), "phone")
	require.NoError(t, err)
	return d
}

func TestConfirmDevice(t *testing.T) {
	t.Parallel()
	srv := newDeviceServer(t, true)
	ctx := t.Context()
	c := newFlowClient(t, srv, cognito.WithUsername("bob"))
	_, err := c.ConfirmDevice(ctx, "phone")
	require.ErrorIs(t, err, cognito.ErrNoNewDevice)
	require.NoError(t, c.Authenticate(ctx, testPassword))
	_, ok := c.Device()
	assert.False(t, ok, "it is not confirmed yet")
	require.ErrorIs(t, c.RenewAccessToken(ctx), cognito.ErrInvalidRefreshToken, "nor can the tokens be refreshed")

	d, err := c.ConfirmDevice(ctx, "phone")
	require.NoError(t, err)
	assert.True(t, d.UserConfirmationNecessary)
	assert.NotEmpty(t, d.Password)
	kept, ok := c.Device()
	assert.True(t, ok)
	assert.Equal(t, d, kept)
	_, err = c.ConfirmDevice(ctx, "phone")
	require.ErrorIs(t, err, cognito.ErrNoNewDevice)
	require.NoError(t, c.RenewAccessToken(ctx))

	require.NoError(t, c.UpdateDeviceStatus(ctx, d.Key, true))
	kept, _ = c.Device()
	assert.False(t, kept.UserConfirmationNecessary)
	require.NoError(t, c.UpdateDeviceStatus(ctx, d.Key, false))
	kept, _ = c.Device()
	assert.True(t, kept.UserConfirmationNecessary)

	// It comes back from storage.
	require.NoError(t, c.UpdateDeviceStatus(ctx, d.Key, true))
	kept, _ = c.Device()
	raw, err := json.Marshal(kept)
	require.NoError(t, err)
	var stored cognito.Device
	require.NoError(t, json.Unmarshal(raw, &stored))
	later := newFlowClient(t, srv, cognito.WithUsername("bob"), cognito.WithDevice(stored))
	require.NoError(t, later.Authenticate(ctx, testPassword))
	assert.Equal(t, d.Key, later.AccessClaims().DeviceKey)
	_, err = later.ConfirmDevice(ctx, "phone")
	require.ErrorIs(t, err, cognito.ErrNoNewDevice)
}

func TestDeviceThatExists(t *testing.T) {
	t.Parallel()
	srv := newDeviceServer(t, false)
	c := newFlowClient(t, srv, cognito.WithUsername("bob"))
	require.NoError(t, c.Authenticate(t.Context(), testPassword))
	answer(srv, "ConfirmDevice", 400, map[string]any{"__type": "DeviceKeyExistsException", "message": "no"})
	_, err := c.ConfirmDevice(t.Context(), "phone")
	require.ErrorIs(t, err, cognito.ErrDeviceExists)
}

// A pool that does not track devices offers none, and the zero Device is none.
func TestNoDevice(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithDevice(cognito.Device{}), cognito.WithDeviceTracking("phone"))
	require.NoError(t, c.Authenticate(t.Context(), testPassword))
	require.NoError(t, c.DeviceError())
	_, ok := c.Device()
	assert.False(t, ok)
	assert.Len(t, serviceCalls(srv), 2)
}

// Failing to confirm a device does not fail the sign-in, but is reported.
func TestDeviceTrackingFails(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"ConfirmDevice", "UpdateDeviceStatus"} {
		srv := newDeviceServer(t, true)
		var log strings.Builder
		c := newFlowClient(t, srv, cognito.WithUsername("bob"), cognito.WithDeviceTracking(""),
			cognito.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		answer(srv, op, 400, map[string]any{"__type": "InvalidParameterException", "message": "Invalid device key given."})
		require.NoError(t, c.Authenticate(t.Context(), testPassword))
		require.ErrorContains(t, c.DeviceError(), "cognito: Authenticate: "+op+": InvalidParameterException: Invalid device key given.")
		assert.Contains(t, log.String(), "level=WARN")
		assert.Contains(t, log.String(), "Invalid device key given.")
		d, ok := c.Device()
		assert.Equal(t, op == "UpdateDeviceStatus", ok)
		if ok {
			assert.True(t, d.UserConfirmationNecessary)
			assert.NotContains(t, log.String(), d.Password)
		}
		srv.Intercept(nil)
		require.NoError(t, c.Authenticate(t.Context(), testPassword))
		require.NoError(t, c.DeviceError(), "it is that of the last sign-in")
	}
}

// A device that the pool forgot heals by itself, once, and the caller can see it.
func TestForgottenDevice(t *testing.T) {
	t.Parallel()
	srv := newDeviceServer(t, false)
	ctx := t.Context()
	d := withDevice(t, newFlowClient(t, srv, cognito.WithUsername("bob")))
	require.NoError(t, newFlowClient(t, srv).AdminForgetDevice(ctx, "bob", d.Key))

	c := newFlowClient(t, srv, cognito.WithUsername("bob"), cognito.WithDevice(d))
	require.NoError(t, c.Authenticate(ctx, testPassword))
	require.ErrorIs(t, c.DeviceError(), cognito.ErrDeviceNotFound)
	_, ok := c.Device()
	assert.False(t, ok)

	// A pool that says so of everything is not asked for ever.
	answer(srv, "InitiateAuth", 400, map[string]any{"__type": "ResourceNotFoundException", "message": "Device does not exist."})
	before := len(serviceCalls(srv))
	again := newFlowClient(t, srv, cognito.WithUsername("bob"), cognito.WithDevice(d))
	require.ErrorIs(t, again.Authenticate(ctx, testPassword), cognito.ErrDeviceNotFound)
	assert.Len(t, serviceCalls(srv), before+2)
}

// A device whose proof is refused in a sign-in that another process began cannot begin again: the
// error says so, and does not speak of the user's password.
func TestRefusedDevice(t *testing.T) {
	t.Parallel()
	srv := newFlowServer(t, cognitotest.Config{Devices: &cognitotest.DeviceConfiguration{}})
	ctx := t.Context()
	d := withDevice(t, newFlowClient(t, srv, cognito.WithUsername("bob")))
	d.Password = "wrong"
	c := newFlowClient(t, srv, cognito.WithUsername("bob"), cognito.WithDevice(d))
	require.NoError(t, c.Authenticate(ctx, testPassword), "with the password it begins again")
	require.ErrorIs(t, c.DeviceError(), cognito.ErrDeviceRefused)
	require.NotErrorIs(t, c.DeviceError(), cognito.ErrInvalidCredentials)
	_, ok := c.Device()
	assert.False(t, ok)

	c = newFlowClient(t, srv, cognito.WithUsername("bob"), cognito.WithDevice(d))
	require.ErrorIs(t, c.AuthenticateCustom(ctx, ""), cognito.ErrCustomChallengeRequired)
	err := c.RespondToCustomChallenge(ctx, "sesame")
	require.ErrorIs(t, err, cognito.ErrDeviceRefused)
	require.NotErrorIs(t, err, cognito.ErrInvalidCredentials)
	require.ErrorContains(t, err, "cognito: RespondToCustomChallenge: the device's proof was refused and the device dropped, start the sign-in again: ")
	require.ErrorContains(t, err, "Incorrect username or password.")
	_, ok = c.Challenge()
	assert.False(t, ok)
	_, ok = c.Device()
	assert.False(t, ok)
	require.ErrorIs(t, c.AuthenticateCustom(ctx, ""), cognito.ErrCustomChallengeRequired)
	require.NoError(t, c.RespondToCustomChallenge(ctx, "sesame"))
}

// A device that goes between its two steps is told from one whose proof is wrong.
func TestDeviceForgottenMidWay(t *testing.T) {
	t.Parallel()
	srv := newDeviceServer(t, false)
	ctx := t.Context()
	d := withDevice(t, newFlowClient(t, srv, cognito.WithUsername("bob")))
	forget := func(w http.ResponseWriter, r *http.Request) bool {
		var body struct{ ChallengeName string }
		_ = json.NewDecoder(r.Body).Decode(&body)
		if body.ChallengeName != "DEVICE_PASSWORD_VERIFIER" {
			return false
		}
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"__type":"ResourceNotFoundException","message":"Device does not exist."}`))
		return true
	}
	srv.Intercept(forget)
	c := newFlowClient(t, srv, cognito.WithUsername("bob"), cognito.WithDevice(d))
	require.NoError(t, c.Authenticate(ctx, testPassword))
	require.ErrorIs(t, c.DeviceError(), cognito.ErrDeviceNotFound)
	require.NotErrorIs(t, c.DeviceError(), cognito.ErrDeviceRefused)

	c = newFlowClient(t, srv, cognito.WithUsername("bob"), cognito.WithDevice(d))
	require.Error(t, c.AuthenticateCustom(ctx, ""))
	err := c.RespondToCustomChallenge(ctx, "sesame")
	require.ErrorIs(t, err, cognito.ErrDeviceNotFound)
	require.ErrorIs(t, err, cognito.ErrDeviceRefused, "the sign-in must start again")
}

// A service that keeps asking for the device is not answered for ever.
func TestDeviceChallengeIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	srv.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		_, _ = w.Write([]byte(`{"ChallengeName":"DEVICE_SRP_AUTH","Session":"session-of-twenty-characters","ChallengeParameters":{}}`))
		return true
	})
	d := cognito.Device{Key: "us-east-1_0a", GroupKey: "-group", Password: "password"}
	c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithDevice(d))
	assert.Equal(t, "DEVICE_SRP_AUTH", string(challenged(t, c.Authenticate(t.Context(), testPassword)).Name))
	assert.Len(t, serviceCalls(srv), 2)

	// Without a device it is the caller's, who may have it elsewhere.
	c = newClient(t, srv, cognito.WithUsername("bob"))
	assert.Equal(t, "DEVICE_SRP_AUTH", string(challenged(t, c.Authenticate(t.Context(), testPassword)).Name))
}

// The device goes into a refresh: what the access token names, else the session's.
func TestDeviceKeyOfARefresh(t *testing.T) {
	t.Parallel()
	srv := newDeviceServer(t, false)
	ctx := t.Context()
	first := newFlowClient(t, srv, cognito.WithUsername("bob"))
	d := withDevice(t, first)
	keys := func() (keys []any) {
		for _, r := range serviceCalls(srv) {
			params, _ := r.Body["AuthParameters"].(map[string]any)
			switch {
			case r.Op == "GetTokensFromRefreshToken":
				keys = append(keys, r.Body["DeviceKey"])
			case params["REFRESH_TOKEN"] != nil:
				keys = append(keys, params["DEVICE_KEY"])
			}
		}
		return keys
	}
	next := func() cognito.Tokens { // another sign-in with the device: a refresh token is exchanged once at a time
		c := newFlowClient(t, srv, cognito.WithUsername("bob"), cognito.WithDevice(d))
		require.NoError(t, c.Authenticate(ctx, testPassword))
		return c.Tokens()
	}
	require.NoError(t, newFlowClient(t, srv, cognito.WithTokens(first.Tokens())).RenewAccessToken(ctx))
	assert.Equal(t, []any{d.Key}, keys(), "from the access token alone")

	tokens := next()
	tokens.AccessToken = ""
	require.NoError(t, newFlowClient(t, srv, cognito.WithTokens(tokens), cognito.WithDevice(d)).RenewAccessToken(ctx))
	assert.Equal(t, []any{d.Key, d.Key}, keys(), "from the session's device")

	// A server without the newer operation is told, too.
	answer(srv, "GetTokensFromRefreshToken", 400, map[string]any{"__type": "UnknownOperationException"})
	require.NoError(t, newFlowClient(t, srv, cognito.WithTokens(next())).RenewAccessToken(ctx))
	assert.Equal(t, []any{d.Key, d.Key, d.Key, d.Key}, keys())
}

func TestDeviceOperations(t *testing.T) {
	t.Parallel()
	srv := newDeviceServer(t, false)
	ctx := t.Context()
	var keys []string
	for range 3 {
		keys = append(keys, withDevice(t, newFlowClient(t, srv, cognito.WithUsername("bob"))).Key)
	}
	c := newFlowClient(t, srv, cognito.WithUsername("bob"))
	last := withDevice(t, c)
	keys = append(keys, last.Key)

	for name, list := range map[string]func(opts ...cognito.CallOption) (found []string){
		"Devices": func(opts ...cognito.CallOption) (found []string) {
			for d, err := range c.Devices(ctx, opts...) {
				require.NoError(t, err)
				found = append(found, d.Key)
			}
			return found
		},
		"AdminDevices": func(opts ...cognito.CallOption) (found []string) {
			for d, err := range c.AdminDevices(ctx, "bob", opts...) {
				require.NoError(t, err)
				found = append(found, d.Key)
			}
			return found
		},
		"AdminListDevices": func(opts ...cognito.CallOption) (found []string) {
			devices, err := c.AdminListDevices(ctx, "bob", opts...)
			require.NoError(t, err)
			for _, d := range devices {
				found = append(found, d.Key)
			}
			return found
		},
	} {
		assert.ElementsMatch(t, keys, list(), name)
		assert.ElementsMatch(t, keys, list(cognito.PageSize(1)), name)
		assert.Len(t, list(cognito.Limit(3), cognito.PageSize(2)), 3, name)
	}

	d, err := c.GetDevice(ctx, last.Key)
	require.NoError(t, err)
	assert.Equal(t, "phone", d.Name)
	assert.Equal(t, "valid", d.Attributes["device_status"])
	assert.NotEmpty(t, d.LastIP)
	assert.False(t, d.Created.IsZero() || d.Modified.IsZero() || d.Authenticated.IsZero())
	d, err = c.AdminGetDevice(ctx, "bob", last.Key)
	require.NoError(t, err)
	assert.True(t, d.Remembered)
	require.NoError(t, c.AdminUpdateDeviceStatus(ctx, "bob", last.Key, false))
	d, err = c.AdminGetDevice(ctx, "bob", last.Key)
	require.NoError(t, err)
	assert.False(t, d.Remembered)

	require.NoError(t, c.ForgetDevice(ctx, keys[0]))
	_, ok := c.Device()
	assert.True(t, ok, "another one was forgotten")
	require.NoError(t, c.ForgetDevice(ctx, last.Key))
	_, ok = c.Device()
	assert.False(t, ok)
	require.NoError(t, c.AdminForgetDevice(ctx, "bob", keys[1]))

	_, errGet := c.GetDevice(ctx, keys[0])
	_, errAdminGet := c.AdminGetDevice(ctx, "bob", keys[0])
	for name, err := range map[string]error{
		"GetDevice": errGet, "AdminGetDevice": errAdminGet, "UpdateDeviceStatus": c.UpdateDeviceStatus(ctx, keys[0], true),
		"AdminUpdateDeviceStatus": c.AdminUpdateDeviceStatus(ctx, "bob", keys[0], true),
		"ForgetDevice":            c.ForgetDevice(ctx, keys[0]), "AdminForgetDevice": c.AdminForgetDevice(ctx, "bob", keys[0]),
	} {
		require.ErrorIs(t, err, cognito.ErrDeviceNotFound, name)
		require.ErrorContains(t, err, "cognito: "+name+": ")
	}
}

func TestDeviceOperationsRefuseBadArguments(t *testing.T) {
	t.Parallel()
	srv := newDeviceServer(t, false)
	ctx := t.Context()
	c := newFlowClient(t, srv)
	_, errGet := c.GetDevice(ctx, "")
	_, errAdminKey := c.AdminGetDevice(ctx, "bob", "")
	_, errAdminUser := c.AdminGetDevice(ctx, "", "key")
	_, errList := c.AdminListDevices(ctx, "")
	for _, err := range []error{
		errGet, errAdminKey, errAdminUser, errList, c.UpdateDeviceStatus(ctx, "", true), c.ForgetDevice(ctx, ""),
		c.AdminUpdateDeviceStatus(ctx, "", "key", true), c.AdminForgetDevice(ctx, "bob", ""),
		last(c.AdminDevices(ctx, "bob", cognito.PageSize(61))),
	} {
		require.ErrorContains(t, err, ": want")
	}
	require.ErrorContains(t, last(c.Devices(ctx, cognito.Flow("x"))), "option Flow")
	require.ErrorIs(t, last(c.Devices(ctx)), cognito.ErrNotSignedIn)
	require.ErrorIs(t, c.UpdateDeviceStatus(ctx, "key", true), cognito.ErrNotSignedIn)
	assert.Empty(t, serviceCalls(srv))
	answer(srv, "AdminGetDevice", 200, map[string]any{})
	_, err := c.AdminGetDevice(ctx, "bob", "eu-west-1_0a")
	require.ErrorContains(t, err, "want a device, got none")
}

// A sign-in that was begun with a device and is taken up without it ends, and says what is missing;
// with it the device proves itself without the caller.
func TestChallengeIsTakenUpWithoutItsDevice(t *testing.T) {
	t.Parallel()
	srv := newDeviceServer(t, false)
	asks := func() *cognito.Cognito {
		c := newFlowClient(t, srv, cognito.WithChallenge(cognito.Challenge{
			Name: "SMS_MFA", Session: "session-of-twenty-characters", Username: "bob",
		}))
		answer(srv, "RespondToAuthChallenge", 200, map[string]any{
			"ChallengeName": "DEVICE_SRP_AUTH", "Session": "session-of-twenty-characters", "ChallengeParameters": map[string]string{"USERNAME": "bob"},
		})
		return c
	}
	err := asks().RespondToSMSMFAChallenge(t.Context(), "123456")
	require.ErrorContains(t, err, "option WithDevice")
	require.ErrorContains(t, err, "DEVICE_SRP_AUTH")
	var challenged *cognito.ChallengeError
	assert.NotErrorAs(t, err, &challenged)
}

// A server makes a session for each request. One that forgets the device must remove it from the
// store, too.
func TestForgetDeviceOfStore(t *testing.T) {
	t.Parallel()
	srv := newDeviceServer(t, false)
	store := cognito.NewMemoryStore()
	c := newFlowClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokenStore(store))
	own := withDevice(t, c)
	other := withDevice(t, newFlowClient(t, srv, cognito.WithUsername("bob")))

	request := c.ForUser("", cognito.WithTokenStore(store))
	require.NoError(t, request.ForgetDevice(t.Context(), other.Key))
	kept, err := store.LoadDevice(t.Context())
	require.NoError(t, err)
	assert.Equal(t, own.Key, kept.Key, "another device")

	request = c.ForUser("", cognito.WithTokenStore(store))
	require.NoError(t, request.ForgetDevice(t.Context(), own.Key))
	kept, err = store.LoadDevice(t.Context())
	require.NoError(t, err)
	assert.Zero(t, kept)
}
