package cognitotest_test

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
	"github.com/gocognito/cognito/internal/srp"
)

const noDevice = "Device does not exist."

// device is what a client keeps of a device.
type device struct{ key, group, password string }

func (d device) identity() srp.Identity { return srp.Identity{Namespace: d.group, Name: d.key} }

// confirmDevice confirms the device that a sign-in brought.
func (f *fixture) confirmDevice(s step) (device, members) {
	f.t.Helper()
	result := s.AuthenticationResult
	require.NotNil(f.t, result)
	require.NotNil(f.t, result.NewDeviceMetadata)
	d := device{result.NewDeviceMetadata.DeviceKey, result.NewDeviceMetadata.DeviceGroupKey, srp.NewDevicePassword()}
	v := srp.NewVerifier(d.identity(), d.password)
	encode := base64.StdEncoding.EncodeToString
	out := f.must("ConfirmDevice", members{
		"AccessToken": result.AccessToken, "DeviceKey": d.key, "DeviceName": "laptop",
		"DeviceSecretVerifierConfig": members{"Salt": encode(v.Salt), "PasswordVerifier": encode(v.Value)},
	})
	return d, out
}

// deviceProof is the first half of a device's sign-in, and what the second half needs.
func (f *fixture) deviceProof(session string, d device) (step, []string) {
	f.t.Helper()
	client := srp.NewClient()
	asked := f.mustGoOn("DEVICE_SRP_AUTH", session, "DEVICE_KEY", d.key, "SRP_A", client.PublicKey())
	params := asked.ChallengeParameters
	assert.Equal(f.t, "DEVICE_PASSWORD_VERIFIER", asked.ChallengeName)
	assert.Equal(f.t, "bob", params["USERNAME"])
	assert.Equal(f.t, d.key, params["DEVICE_KEY"])
	challenge, err := srp.ParseChallenge(params["SALT"], params["SRP_B"], params["SECRET_BLOCK"])
	require.NoError(f.t, err)
	now := srp.Timestamp(f.Now())
	signature, err := client.Sign(d.identity(), d.password, challenge, now)
	require.NoError(f.t, err)
	return asked, []string{
		"DEVICE_KEY", d.key, "PASSWORD_CLAIM_SECRET_BLOCK", params["SECRET_BLOCK"], "PASSWORD_CLAIM_SIGNATURE", signature, "TIMESTAMP", now,
	}
}

// proveDevice answers DEVICE_SRP_AUTH to the end.
func (f *fixture) proveDevice(asked step, d device) step {
	f.t.Helper()
	assert.Equal(f.t, "DEVICE_SRP_AUTH", asked.ChallengeName)
	assert.Equal(f.t, map[string]string{"DEVICE_KEY": d.key, "USERNAME": "bob", "USER_ID_FOR_SRP": "bob"}, asked.ChallengeParameters)
	verifier, answer := f.deviceProof(asked.Session, d)
	out := f.mustGoOn("DEVICE_PASSWORD_VERIFIER", verifier.Session, answer...)
	assert.Equal(f.t, d.key, claims(f.t, out.AuthenticationResult.AccessToken)["device_key"])
	assert.Nil(f.t, out.AuthenticationResult.NewDeviceMetadata)
	return out
}

func tracking(challenge, prompt bool) *cognitotest.DeviceConfiguration {
	return &cognitotest.DeviceConfiguration{ChallengeRequiredOnNewDevice: challenge, DeviceOnlyRememberedOnUserPrompt: prompt}
}

func TestNewDevices(t *testing.T) {
	t.Parallel()
	f := newFlows(t, cognitotest.Config{Devices: tracking(false, false)}, cognitotest.User{})
	first, second := f.mustBegin(), f.mustBegin()
	for _, s := range []step{first, second} {
		meta := s.AuthenticationResult.NewDeviceMetadata
		assert.Regexp(t, `^us-east-1_[0-9a-f-]{36}$`, meta.DeviceKey)
		assert.Regexp(t, `^-.{8}$`, meta.DeviceGroupKey)
		assert.Equal(t, meta.DeviceKey, claims(t, s.AuthenticationResult.AccessToken)["device_key"])
		assert.NotContains(t, claims(t, s.AuthenticationResult.IDToken), "device_key")
	}
	key := first.AuthenticationResult.NewDeviceMetadata.DeviceKey
	assert.NotEqual(t, key, second.AuthenticationResult.NewDeviceMetadata.DeviceKey)
	third := f.mustBegin("DEVICE_KEY", key)
	assert.NotNil(t, third.AuthenticationResult.NewDeviceMetadata, "one that is not confirmed counts as none")

	off := newFlows(t, cognitotest.Config{}, cognitotest.User{})
	assert.Nil(t, off.mustBegin("DEVICE_KEY", "").AuthenticationResult.NewDeviceMetadata)
}

func TestConfirmDevice(t *testing.T) {
	t.Parallel()
	f := newFlows(t, cognitotest.Config{Devices: tracking(false, false)}, cognitotest.User{})
	signedIn := f.mustBegin()
	token, key := signedIn.AuthenticationResult.AccessToken, signedIn.AuthenticationResult.NewDeviceMetadata.DeviceKey
	refuses := func(key, salt, verifier, message string) {
		t.Helper()
		f.refuses("ConfirmDevice", members{
			"AccessToken": token, "DeviceKey": key, "DeviceSecretVerifierConfig": members{"Salt": salt, "PasswordVerifier": verifier},
		}, badParameter, message)
	}
	refuses("us-east-1_0000", "AQ==", "AQ==", "Invalid device key given.")
	refuses("?", "AQ==", "AQ==", "1 validation error detected: Value at 'deviceKey' failed to satisfy constraint: "+
		`Member must satisfy regular expression pattern: [\w-]+_[0-9a-f-]+`)
	refuses(key, "gA==", "AQ==", "Negative value passed for salt")
	refuses(key, "AQ==", "gA==", "Negative value passed for password verifier")
	refuses(key, "", "AQ==", "Invalid value passed for salt")
	refuses(key, "AQ==", "?", "Invalid value passed for password verifier")
	f.refuses("ConfirmDevice", members{"AccessToken": token, "DeviceKey": key}, badParameter, "Missing required parameter DeviceSecretVerifierConfig")
	f.refuses("ConfirmDevice", members{"AccessToken": f.session(), "DeviceKey": key}, badParameter, "Invalid device key given.")

	d, out := f.confirmDevice(signedIn)
	assert.Equal(t, members{"UserConfirmationNecessary": false}, out)
	f.refuses("ConfirmDevice", members{"AccessToken": token, "DeviceKey": d.key}, "DeviceKeyExistsException", "Device already exists")
}

// What a device that is remembered changes, after each way to sign in.
func TestRememberedDevice(t *testing.T) {
	t.Parallel()
	code := func(f *fixture, asked step, d device) step {
		return f.mustGoOn("SOFTWARE_TOKEN_MFA", asked.Session, "SOFTWARE_TOKEN_MFA_CODE", f.freshTOTP(), "DEVICE_KEY", d.key)
	}
	for _, tt := range []struct {
		name      string
		challenge bool // of new devices only
		user      cognitotest.User
		between   func(*fixture, step, device) step
	}{
		{"no MFA", false, cognitotest.User{}, nil},
		{"in place of MFA", true, cognitotest.User{TOTPSecret: totpSecret}, nil},
		{"after MFA", false, cognitotest.User{TOTPSecret: totpSecret}, code},
	} {
		f := newFlows(t, cognitotest.Config{Devices: tracking(tt.challenge, false)}, tt.user)
		asked := f.mustBegin()
		if asked.ChallengeName != "" {
			asked = code(f, asked, device{})
		}
		d, _ := f.confirmDevice(asked)
		for range 3 {
			asked = f.mustBegin("DEVICE_KEY", d.key)
			if tt.between != nil {
				asked = tt.between(f, asked, d)
			}
			f.proveDevice(asked, d)
		}
		assert.NotEqual(t, "DEVICE_SRP_AUTH", f.mustBegin().ChallengeName, tt.name)
	}
}

func TestDeviceAfterSRP(t *testing.T) {
	t.Parallel()
	f := newFlows(t, cognitotest.Config{Devices: tracking(true, false)}, cognitotest.User{TOTPSecret: totpSecret})
	d, _ := f.confirmDevice(f.mustGoOn("SOFTWARE_TOKEN_MFA", f.mustBegin().Session, "SOFTWARE_TOKEN_MFA_CODE", f.freshTOTP()))
	a, err := f.startSRP("bob")
	require.NoError(t, err)
	answer := f.answer(a, password, f.Now())
	answer["DEVICE_KEY"] = "us-east-1_0000"
	_, err = f.respond("PASSWORD_VERIFIER", "", answer)
	refused(t, err, "ResourceNotFoundException", noDevice)
	answer["DEVICE_KEY"] = d.key // the same answer is still good
	out, err := f.respond("PASSWORD_VERIFIER", "", answer)
	require.NoError(t, err)
	f.proveDevice(step{ChallengeName: string(out.ChallengeName), Session: *out.Session, ChallengeParameters: out.ChallengeParameters}, d)

	a, err = f.startSRP("bob")
	require.NoError(t, err)
	out, err = f.respond("PASSWORD_VERIFIER", "", f.answer(a, password, f.Now()))
	require.NoError(t, err)
	assert.Equal(t, "SOFTWARE_TOKEN_MFA", string(out.ChallengeName), "each step must name the device")
}

func TestDeviceProof(t *testing.T) {
	t.Parallel()
	f := newFlows(t, cognitotest.Config{Devices: tracking(true, false)}, cognitotest.User{})
	d, _ := f.confirmDevice(f.mustBegin())
	asked := f.mustBegin("DEVICE_KEY", d.key)
	f.refusesAnswer("DEVICE_SRP_AUTH", asked.Session, badParameter, "Missing required parameter DEVICE_KEY", "SRP_A", "1")
	f.refusesAnswer("DEVICE_SRP_AUTH", asked.Session, badParameter, "Missing required parameter SRP_A", "DEVICE_KEY", d.key)
	f.refusesAnswer("DEVICE_SRP_AUTH", asked.Session, "ResourceNotFoundException", noDevice, "SRP_A", "1", "DEVICE_KEY", "us-east-1_0")
	f.refusesAnswer("DEVICE_SRP_AUTH", "", notAuthorized, badSession, "SRP_A", "1", "DEVICE_KEY", "us-east-1_0")

	other, _ := f.confirmDevice(f.mustBegin())
	f.refusesAnswer("DEVICE_SRP_AUTH", asked.Session, "ResourceNotFoundException", noDevice, "SRP_A", "1", "DEVICE_KEY", other.key)

	verifier, answer := f.deviceProof("", d) // the service's own clients leave the session out
	f.refusesAnswer("DEVICE_SRP_AUTH", asked.Session, notAuthorized, spentSession, "SRP_A", "1", "DEVICE_KEY", d.key)
	wrong := append([]string{}, answer...)
	wrong[5] = base64.StdEncoding.EncodeToString(make([]byte, 32))
	f.refusesAnswer("DEVICE_PASSWORD_VERIFIER", verifier.Session, notAuthorized, wrongPassword, wrong...)
	f.refusesAnswer("PASSWORD_VERIFIER", "", notAuthorized, wrongPassword, answer...)
	f.refusesAnswer("DEVICE_PASSWORD_VERIFIER", asked.Session, notAuthorized, badSession, answer...)
	f.mustGoOn("DEVICE_PASSWORD_VERIFIER", "", answer...)
	f.refusesAnswer("DEVICE_PASSWORD_VERIFIER", "", notAuthorized, wrongPassword, answer...)
	f.refusesAnswer("DEVICE_PASSWORD_VERIFIER", verifier.Session, notAuthorized, spentSession, answer...)

	_, answer = f.deviceProof(f.mustBegin("DEVICE_KEY", d.key).Session, device{d.key, d.group, "another"})
	f.refusesAnswer("DEVICE_PASSWORD_VERIFIER", "", notAuthorized, wrongPassword, answer...)
	_, answer = f.deviceProof(f.mustBegin("DEVICE_KEY", d.key).Session, d)
	f.Advance(2 * time.Minute)
	f.refusesAnswer("DEVICE_PASSWORD_VERIFIER", "", notAuthorized, wrongPassword, answer...)
}

func TestPromptedDevice(t *testing.T) {
	t.Parallel()
	f := newFlows(t, cognitotest.Config{Devices: tracking(true, true)}, cognitotest.User{TOTPSecret: totpSecret})
	signedIn := f.mustGoOn("SOFTWARE_TOKEN_MFA", f.mustBegin().Session, "SOFTWARE_TOKEN_MFA_CODE", f.freshTOTP())
	d, out := f.confirmDevice(signedIn)
	assert.Equal(t, members{"UserConfirmationNecessary": true}, out)
	asked := f.mustBegin("DEVICE_KEY", d.key)
	assert.Equal(t, "SOFTWARE_TOKEN_MFA", asked.ChallengeName)
	again := f.mustGoOn("SOFTWARE_TOKEN_MFA", asked.Session, "SOFTWARE_TOKEN_MFA_CODE", f.freshTOTP(), "DEVICE_KEY", d.key)
	assert.Nil(t, again.AuthenticationResult.NewDeviceMetadata, "it is confirmed")
	token := again.AuthenticationResult.AccessToken
	f.refuses("UpdateDeviceStatus", members{"AccessToken": token, "DeviceKey": d.key, "DeviceRememberedStatus": "maybe"}, badParameter,
		"1 validation error detected: Value at 'deviceRememberedStatus' failed to satisfy constraint: Member must satisfy enum value set: [not_remembered, remembered]")
	f.must("UpdateDeviceStatus", members{"AccessToken": token, "DeviceKey": d.key, "DeviceRememberedStatus": "remembered"})
	f.proveDevice(f.mustBegin("DEVICE_KEY", d.key), d)
	f.must("AdminUpdateDeviceStatus", members{"Username": "bob", "DeviceKey": d.key, "DeviceRememberedStatus": "not_remembered"})
	assert.Equal(t, "SOFTWARE_TOKEN_MFA", f.mustBegin("DEVICE_KEY", d.key).ChallengeName)
}

func TestUnknownDevice(t *testing.T) {
	t.Parallel()
	f := newFlows(t, cognitotest.Config{Devices: tracking(true, false)}, cognitotest.User{TOTPSecret: totpSecret})
	_, err := f.begin("USER_PASSWORD_AUTH", "USERNAME", "bob", "PASSWORD", password, "DEVICE_KEY", "us-east-1_0")
	refused(t, err, "ResourceNotFoundException", noDevice)
	_, err = f.begin("USER_PASSWORD_AUTH", "USERNAME", "bob", "PASSWORD", password+"x", "DEVICE_KEY", "us-east-1_0")
	refused(t, err, notAuthorized, wrongPassword)
	asked := f.mustBegin()
	code := f.TOTP("bob")
	f.refusesAnswer("SOFTWARE_TOKEN_MFA", asked.Session, "ResourceNotFoundException", noDevice,
		"SOFTWARE_TOKEN_MFA_CODE", code, "DEVICE_KEY", "us-east-1_0")
	f.mustGoOn("SOFTWARE_TOKEN_MFA", asked.Session, "SOFTWARE_TOKEN_MFA_CODE", code)
}

func TestRefreshOnADevice(t *testing.T) {
	t.Parallel()
	f := newFlows(t, cognitotest.Config{Devices: tracking(true, false)}, cognitotest.User{})
	const bad = "Invalid Refresh Token."
	signedIn := f.mustBegin()
	token := signedIn.AuthenticationResult.RefreshToken
	key := signedIn.AuthenticationResult.NewDeviceMetadata.DeviceKey
	refresh := func(token, key string) error {
		_, err := f.begin("REFRESH_TOKEN_AUTH", "REFRESH_TOKEN", token, "DEVICE_KEY", key)
		_, other := f.call("GetTokensFromRefreshToken", members{"ClientId": clientID, "RefreshToken": token, "DeviceKey": key})
		assert.Equal(t, err == nil, other == nil)
		return err
	}
	refused(t, refresh(token, ""), notAuthorized, bad)
	refused(t, refresh(token, key), notAuthorized, bad)
	d, _ := f.confirmDevice(signedIn)
	require.NoError(t, refresh(token, key))
	refused(t, refresh(token, ""), notAuthorized, bad)
	other, _ := f.confirmDevice(f.mustBegin())
	refused(t, refresh(token, other.key), notAuthorized, bad)
	later := f.proveDevice(f.mustBegin("DEVICE_KEY", d.key), d)
	require.NoError(t, refresh(later.AuthenticationResult.RefreshToken, d.key))
	out, err := f.begin("REFRESH_TOKEN_AUTH", "REFRESH_TOKEN", token, "DEVICE_KEY", key)
	require.NoError(t, err)
	assert.Nil(t, out.AuthenticationResult.NewDeviceMetadata)
	assert.Equal(t, key, claims(t, out.AuthenticationResult.AccessToken)["device_key"])
	f.must("AdminForgetDevice", members{"Username": "bob", "DeviceKey": key})
	refused(t, refresh(token, key), notAuthorized, bad)
}

func TestDeviceOperations(t *testing.T) {
	t.Parallel()
	f := newFlows(t, cognitotest.Config{Devices: tracking(true, false)}, cognitotest.User{})
	f.mustBegin() // one that is never confirmed is not listed
	signedIn := f.mustBegin()
	d, _ := f.confirmDevice(signedIn)
	token := signedIn.AuthenticationResult.AccessToken
	got := f.must("GetDevice", members{"AccessToken": token, "DeviceKey": d.key})["Device"].(members)
	assert.Equal(t, d.key, got["DeviceKey"])
	assert.InDelta(t, f.Now().Unix(), got["DeviceCreateDate"], 60)
	assert.Equal(t, map[string]string{"device_status": "valid", "device_name": "laptop", "last_ip_used": "127.0.0.1"}, byName(got["DeviceAttributes"]))
	admin := f.must("AdminGetDevice", members{"Username": "bob", "DeviceKey": d.key})["Device"].(members)
	assert.Equal(t, "remembered", byName(admin["DeviceAttributes"])["dev:device_remembered_status"])

	for _, op := range []string{"GetDevice", "UpdateDeviceStatus", "ForgetDevice"} {
		f.refuses(op, members{"AccessToken": f.session(), "DeviceKey": d.key}, "ResourceNotFoundException", noDevice)
		f.refuses("Admin"+op, members{"Username": "ana", "DeviceKey": d.key}, "ResourceNotFoundException", noDevice)
		f.refuses("Admin"+op, members{"Username": "nobody", "DeviceKey": d.key}, "UserNotFoundException", noUser)
	}
	body := `{"AccessToken":"` + token + `","DeviceKey":"` + d.key + `"}`
	resp, answer := post(t, f, target+"ForgetDevice", body, nil)
	assert.Equal(t, 200, resp.StatusCode)
	assert.Empty(t, answer, "not even an empty object")
	f.refuses("GetDevice", members{"AccessToken": token, "DeviceKey": d.key}, "ResourceNotFoundException", noDevice)
}

func TestListDevices(t *testing.T) {
	t.Parallel()
	f := newFlows(t, cognitotest.Config{Devices: tracking(true, false)}, cognitotest.User{})
	var keys []string
	var token string
	for range 5 {
		signedIn := f.mustBegin()
		d, _ := f.confirmDevice(signedIn)
		keys, token = append(keys, d.key), signedIn.AuthenticationResult.AccessToken
	}
	for _, op := range []string{"ListDevices", "AdminListDevices"} {
		var listed []string
		in := members{"AccessToken": token, "Username": "bob", "Limit": 2}
		for pages := 1; ; pages++ {
			out := f.must(op, in)
			for _, d := range out["Devices"].([]any) {
				listed = append(listed, d.(members)["DeviceKey"].(string))
			}
			next, more := out["PaginationToken"]
			if !more {
				assert.Equal(t, 3, pages)
				break
			}
			in["PaginationToken"] = next
		}
		assert.Equal(t, keys, listed)
		assert.Len(t, f.must(op, members{"AccessToken": token, "Username": "bob"})["Devices"], 5)
		_, err := f.call(op, members{"AccessToken": token, "Username": "bob", "Limit": 61})
		require.ErrorContains(t, err, "'limit'")
		_, err = f.call(op, members{"AccessToken": token, "Username": "bob", "PaginationToken": "x"})
		require.ErrorContains(t, err, "oken")
	}
}
