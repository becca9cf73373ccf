package cognito_test

import (
	"encoding/base64"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/internal/srp"
)

var (
	testNow    = time.Date(2026, 9, 3, 15, 4, 5, 0, time.FixedZone("elsewhere", -7*3600))
	testDevice = cognito.Device{Key: "eu-west-1_627477ae-3631-4248-bed9-d2e934100372", GroupKey: "-FDRunwQv", Password: "BAUl"}
	testBlock  = base64.StdEncoding.EncodeToString([]byte("an opaque block"))
)

func newSRP(t *testing.T, opts ...cognito.SRPOption) *cognito.SRP {
	t.Helper()
	helper, err := cognito.NewSRP(testPool, testClient, "ana@example.com", testPassword, opts...)
	require.NoError(t, err)
	return helper
}

// challengeOf is what a server sends for its half of an attempt.
func challengeOf(server *srp.Server, more map[string]string) map[string]string {
	params := map[string]string{"SALT": server.Salt(), "SRP_B": server.PublicKey(), "SECRET_BLOCK": testBlock}
	maps.Copy(params, more)
	return params
}

func verify(t *testing.T, server *srp.Server, id srp.Identity, bigA string, answer map[string]string) error {
	t.Helper()
	block, err := base64.StdEncoding.DecodeString(answer["PASSWORD_CLAIM_SECRET_BLOCK"])
	require.NoError(t, err)
	return server.Verify(id, bigA, block, answer["TIMESTAMP"], answer["PASSWORD_CLAIM_SIGNATURE"])
}

func TestSRPProvesAUserAndADevice(t *testing.T) {
	t.Parallel()
	user := srp.Identity{Namespace: "aBcDeFgHi", Name: "ana"}
	device := srp.Identity{Namespace: testDevice.GroupKey, Name: testDevice.Key}
	helper := newSRP(t, cognito.WithSRPClientSecret(testSecret), cognito.WithSRPDevice(testDevice))

	first, err := helper.AuthParameters()
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"USERNAME", "SRP_A", "SECRET_HASH", "DEVICE_KEY"}, keysOfText(first))
	assert.Equal(t, "ana@example.com", first["USERNAME"])
	assert.Equal(t, hmacHash("ana@example.com"+testClient, testSecret), first["SECRET_HASH"])
	assert.Equal(t, testDevice.Key, first["DEVICE_KEY"])

	server := srp.NewServer(srp.NewVerifier(user, testPassword))
	answer, err := helper.PasswordVerifierChallenge(challengeOf(server, map[string]string{"USERNAME": "ana", "USER_ID_FOR_SRP": "ana"}), testNow)
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{
		"USERNAME", "SECRET_HASH", "DEVICE_KEY", "PASSWORD_CLAIM_SECRET_BLOCK", "PASSWORD_CLAIM_SIGNATURE", "TIMESTAMP",
	}, keysOfText(answer))
	assert.Equal(t, "ana", answer["USERNAME"])
	assert.Equal(t, hmacHash("ana"+testClient, testSecret), answer["SECRET_HASH"])
	assert.Equal(t, testBlock, answer["PASSWORD_CLAIM_SECRET_BLOCK"])
	assert.Equal(t, "Thu Sep 3 22:04:05 UTC 2026", answer["TIMESTAMP"])
	require.NoError(t, verify(t, server, user, first["SRP_A"], answer))

	// The device has its own secret, fresh for the attempt, and the user keeps the name that the
	// service gave.
	started, err := helper.DeviceSRPAuthChallenge(map[string]string{"DEVICE_KEY": testDevice.Key})
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"USERNAME", "SECRET_HASH", "DEVICE_KEY", "SRP_A"}, keysOfText(started))
	assert.Equal(t, "ana", started["USERNAME"])
	assert.NotEqual(t, first["SRP_A"], started["SRP_A"])
	server = srp.NewServer(srp.NewVerifier(device, testDevice.Password))
	answer, err = helper.DevicePasswordVerifierChallenge(challengeOf(server, nil), testNow)
	require.NoError(t, err)
	assert.Equal(t, "ana", answer["USERNAME"])
	assert.Equal(t, testDevice.Key, answer["DEVICE_KEY"])
	assert.Equal(t, hmacHash("ana"+testClient, testSecret), answer["SECRET_HASH"])
	require.NoError(t, verify(t, server, device, started["SRP_A"], answer))
}

func TestSRPWithoutSecretAndDevice(t *testing.T) {
	t.Parallel()
	helper := newSRP(t, cognito.WithSRPClientSecret(""))
	first, err := helper.AuthParameters()
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"USERNAME", "SRP_A"}, keysOfText(first))
	second, err := helper.AuthParameters()
	require.NoError(t, err)
	assert.NotEqual(t, first["SRP_A"], second["SRP_A"], "each attempt has its own secret")

	// USERNAME may be missing; then the user is called as USER_ID_FOR_SRP says.
	user := srp.Identity{Namespace: "aBcDeFgHi", Name: "ana"}
	server := srp.NewServer(srp.NewVerifier(user, testPassword))
	answer, err := helper.PasswordVerifierChallenge(challengeOf(server, map[string]string{"USER_ID_FOR_SRP": "ana"}), testNow)
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"USERNAME", "PASSWORD_CLAIM_SECRET_BLOCK", "PASSWORD_CLAIM_SIGNATURE", "TIMESTAMP"}, keysOfText(answer))
	assert.Equal(t, "ana", answer["USERNAME"])
	require.NoError(t, verify(t, server, user, second["SRP_A"], answer))
}

// USERNAME and USER_ID_FOR_SRP may differ, and the service may call the user otherwise in each
// step: the proof is over the ID, and the secret hash over what is sent.
func TestSRPFollowsTheNamesOfTheService(t *testing.T) {
	t.Parallel()
	helper := newSRP(t, cognito.WithSRPClientSecret(testSecret), cognito.WithSRPDevice(testDevice))
	sent := func(answers map[string]string, name string) {
		assert.Equal(t, name, answers["USERNAME"])
		assert.Equal(t, hmacHash(name+testClient, testSecret), answers["SECRET_HASH"])
	}
	first, err := helper.AuthParameters()
	require.NoError(t, err)
	user := srp.Identity{Namespace: "aBcDeFgHi", Name: "4320de44"}
	server := srp.NewServer(srp.NewVerifier(user, testPassword))
	answers, err := helper.PasswordVerifierChallenge(challengeOf(server, map[string]string{"USERNAME": "ana", "USER_ID_FOR_SRP": "4320de44"}), testNow)
	require.NoError(t, err)
	sent(answers, "ana")
	require.NoError(t, verify(t, server, user, first["SRP_A"], answers))

	started, err := helper.DeviceSRPAuthChallenge(map[string]string{"USERNAME": "ana-2"})
	require.NoError(t, err)
	sent(started, "ana-2")
	device := srp.Identity{Namespace: testDevice.GroupKey, Name: testDevice.Key}
	server = srp.NewServer(srp.NewVerifier(device, testDevice.Password))
	answers, err = helper.DevicePasswordVerifierChallenge(challengeOf(server, map[string]string{"USERNAME": "ana-3"}), testNow)
	require.NoError(t, err)
	sent(answers, "ana-3")
	require.NoError(t, verify(t, server, device, started["SRP_A"], answers))
}

func TestZeroSRP(t *testing.T) {
	t.Parallel()
	var zero cognito.SRP
	_, err := zero.AuthParameters()
	require.ErrorContains(t, err, "NewSRP")
	_, err = zero.PasswordVerifierChallenge(map[string]string{"USER_ID_FOR_SRP": "ana"}, testNow)
	require.Error(t, err)
	_, err = zero.DeviceSRPAuthChallenge(nil)
	require.Error(t, err)
	_, err = zero.DevicePasswordVerifierChallenge(nil, testNow)
	require.Error(t, err)
}

func TestSRPRefusals(t *testing.T) {
	t.Parallel()
	noDevice, notBegun := newSRP(t), newSRP(t, cognito.WithSRPDevice(testDevice))
	challenge := challengeOf(srp.NewServer(srp.NewVerifier(srp.Identity{}, "x")), map[string]string{"USER_ID_FOR_SRP": "ana"})
	_, err := notBegun.PasswordVerifierChallenge(challenge, testNow)
	require.ErrorContains(t, err, "AuthParameters first")
	_, err = notBegun.DevicePasswordVerifierChallenge(challenge, testNow)
	require.ErrorContains(t, err, "DeviceSRPAuthChallenge first")
	_, err = noDevice.DeviceSRPAuthChallenge(nil)
	require.ErrorContains(t, err, "WithSRPDevice")
	_, err = noDevice.DevicePasswordVerifierChallenge(challenge, testNow)
	require.ErrorContains(t, err, "WithSRPDevice")

	_, err = noDevice.AuthParameters()
	require.NoError(t, err)
	_, err = notBegun.DeviceSRPAuthChallenge(nil)
	require.NoError(t, err)
	for field, values := range map[string][]string{
		"SRP_B":        {"", "0", "xyz", primeN, strings.Repeat("a", 10<<20)},
		"SALT":         {"", "salt", strings.Repeat("a", 10<<20)},
		"SECRET_BLOCK": {"", "!", strings.Repeat("a", 10<<20)},
	} {
		for _, value := range values {
			hostile := maps.Clone(challenge)
			hostile[field] = value
			_, err := noDevice.PasswordVerifierChallenge(hostile, testNow)
			require.ErrorContains(t, err, field)
			assert.Less(t, len(err.Error()), 200)
			_, err = notBegun.DevicePasswordVerifierChallenge(hostile, testNow)
			require.ErrorContains(t, err, field)
		}
	}
	_, err = noDevice.PasswordVerifierChallenge(map[string]string{"USERNAME": "ana"}, testNow)
	require.ErrorContains(t, err, "USER_ID_FOR_SRP")
	_, err = noDevice.PasswordVerifierChallenge(nil, testNow)
	require.Error(t, err)

	for want, args := range map[string][4]string{
		"user pool ID": {"pool", testClient, "ana", "x"}, "client ID": {testPool, "", "ana", "x"},
		"username": {testPool, testClient, "", "x"}, "password": {testPool, testClient, "ana", ""},
	} {
		helper, err := cognito.NewSRP(args[0], args[1], args[2], args[3])
		require.ErrorContains(t, err, want)
		assert.Nil(t, helper)
	}
	for _, device := range []cognito.Device{{Key: "k", GroupKey: "g"}, {Key: "k", Password: "p"}, {GroupKey: "g", Password: "p"}} {
		_, err = cognito.NewSRP(testPool, testClient, "ana", "x", cognito.WithSRPDevice(device))
		require.ErrorContains(t, err, "cognito: NewSRP: device: want a key, a group key and a password")
		c, err := cognito.New(testPool, testClient, cognito.WithUsername("ana"), cognito.WithDevice(device))
		require.NoError(t, err)
		require.ErrorContains(t, c.Authenticate(t.Context(), "x"), "cognito: Authenticate: device: want a key, a group key and a password")
	}
}

func TestSecretHash(t *testing.T) {
	t.Parallel()
	// From the test suites of aws-sdk-net-extensions-cognito and cognito-srp-helper.
	assert.Equal(t, "qnR8UCqJggD55PohusaBNviGoOJ67HC6Btry4qXLVZc=", cognito.SecretHash("Mess", "age", "secret"))
	assert.Equal(t, "QW3YkSgjkc9VNMtbTkuQflK54A6+9GS8ZiRDj0mSvPI=",
		cognito.SecretHash("a2c2e290-6d0f-4a08-a5ca-f0162935f3a6", "18u8119jgbpr464n28s1itk2mq", "ps50nb7hd1umdnmlt1xa9nwiscqvdvzy5ijw63vcacd09yihc2b"))
}

func TestNewDeviceVerifier(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 50 {
		password, config, err := cognito.NewDeviceVerifier(testDevice.GroupKey, testDevice.Key)
		require.NoError(t, err)
		raw, err := base64.StdEncoding.DecodeString(password)
		require.NoError(t, err)
		assert.Len(t, raw, 40)
		assert.False(t, seen[password])
		seen[password] = true

		salt, err := base64.StdEncoding.DecodeString(aws.ToString(config.Salt))
		require.NoError(t, err)
		value, err := base64.StdEncoding.DecodeString(aws.ToString(config.PasswordVerifier))
		require.NoError(t, err)
		// The service reads both as two's complement and refuses negative ones, which is what a
		// missing zero makes.
		verifier, err := srp.ParseVerifier(salt, value)
		require.NoError(t, err)
		assert.LessOrEqual(t, len(salt), 17)

		helper := newSRP(t, cognito.WithSRPDevice(cognito.Device{Key: testDevice.Key, GroupKey: testDevice.GroupKey, Password: password}))
		started, err := helper.DeviceSRPAuthChallenge(map[string]string{"USERNAME": "ana"})
		require.NoError(t, err)
		server := srp.NewServer(verifier)
		answer, err := helper.DevicePasswordVerifierChallenge(challengeOf(server, nil), testNow)
		require.NoError(t, err)
		require.NoError(t, verify(t, server, srp.Identity{Namespace: testDevice.GroupKey, Name: testDevice.Key}, started["SRP_A"], answer))
	}
	for _, keys := range [][2]string{{"", "k"}, {"g", ""}} {
		_, _, err := cognito.NewDeviceVerifier(keys[0], keys[1])
		require.ErrorContains(t, err, "device")
	}
}
