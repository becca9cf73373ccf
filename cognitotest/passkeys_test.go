package cognitotest_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
)

// options are the creation options for bob.
func (f *fixture) options(token string) string {
	f.t.Helper()
	raw, err := json.Marshal(f.must("StartWebAuthnRegistration", members{"AccessToken": token})["CredentialCreationOptions"])
	require.NoError(f.t, err)
	return string(raw)
}

// register registers a passkey of bob's.
func (f *fixture) register(k *cognitotest.Passkey) {
	f.t.Helper()
	token := f.Token("bob", cognitotest.TokenOptions{})
	credential, err := k.Create(f.options(token))
	require.NoError(f.t, err)
	assert.Empty(f.t, f.must("CompleteWebAuthnRegistration", members{"AccessToken": token, "Credential": json.RawMessage(credential)}))
}

// change sets a part of a credential, named by its path; the last part of clientDataJSON is changed
// within.
func change(t *testing.T, credential, path string, value any) string {
	t.Helper()
	var c map[string]any
	require.NoError(t, json.Unmarshal([]byte(credential), &c))
	parts := strings.Split(path, ".")
	at := c
	for _, part := range parts[:len(parts)-1] {
		if part == "clientDataJSON" {
			raw, err := base64.RawURLEncoding.DecodeString(at[part].(string))
			require.NoError(t, err)
			inner := map[string]any{}
			require.NoError(t, json.Unmarshal(raw, &inner))
			inner[parts[len(parts)-1]] = value
			raw, err = json.Marshal(inner)
			require.NoError(t, err)
			at[part] = base64.RawURLEncoding.EncodeToString(raw)
			at = map[string]any{}
			continue
		}
		at = at[part].(map[string]any)
	}
	at[parts[len(parts)-1]] = value
	raw, err := json.Marshal(c)
	require.NoError(t, err)
	return string(raw)
}

func TestPasskeys(t *testing.T) {
	t.Parallel()
	for _, k := range []*cognitotest.Passkey{cognitotest.NewPasskey(), {RSA: true}, {Origin: "https://login.example.com", Unverified: true}} {
		f := newFlows(t, allFirstFactors(), cognitotest.User{})
		f.register(k)
		for range 2 {
			asked := f.choose("PREFERRED_CHALLENGE", "WEB_AUTHN")
			assert.Equal(t, "WEB_AUTHN", asked.ChallengeName)
			credential, err := k.Get(asked.ChallengeParameters["CREDENTIAL_REQUEST_OPTIONS"])
			require.NoError(t, err)
			f.refusesAnswer("WEB_AUTHN", asked.Session, badParameter, "Missing required parameter CREDENTIAL")
			f.mustGoOn("WEB_AUTHN", asked.Session, "CREDENTIAL", credential)
			f.refusesAnswer("WEB_AUTHN", asked.Session, notAuthorized, spentSession, "CREDENTIAL", credential)
		}
		assert.Equal(t, []string{"PASSWORD_SRP", "PASSWORD", "WEB_AUTHN"}, f.choose().AvailableChallenges)
	}
}

// The other ways to the same challenge.
func TestPasskeyIsSelected(t *testing.T) {
	t.Parallel()
	f := newFlows(t, allFirstFactors(), cognitotest.User{})
	k := cognitotest.NewPasskey()
	f.register(k)
	asked := f.mustGoOn("SELECT_CHALLENGE", f.choose().Session, "ANSWER", "WEB_AUTHN")
	credential, err := k.Get(asked.ChallengeParameters["CREDENTIAL_REQUEST_OPTIONS"])
	require.NoError(t, err)
	f.refusesAnswer("SELECT_CHALLENGE", f.choose().Session, notAuthorized, wrongPassword, "ANSWER", "WEB_AUTHN", "CREDENTIAL", credential)
	f.mustGoOn("SELECT_CHALLENGE", asked.Session, "ANSWER", "WEB_AUTHN", "CREDENTIAL", credential)
}

// What is wrong with an assertion. The clock goes on so that the lock-out does not answer.
func TestAssertionsAreVerified(t *testing.T) {
	t.Parallel()
	f := newFlows(t, allFirstFactors(), cognitotest.User{})
	k := cognitotest.NewPasskey()
	f.register(k)
	refuses := func(why string, credential func(options string) string) {
		t.Helper()
		t.Log(why)
		f.Advance(time.Hour)
		asked := f.choose("PREFERRED_CHALLENGE", "WEB_AUTHN")
		f.refusesAnswer("WEB_AUTHN", asked.Session, notAuthorized, wrongPassword,
			"CREDENTIAL", credential(asked.ChallengeParameters["CREDENTIAL_REQUEST_OPTIONS"]))
	}
	get := func(options string) string {
		out, err := k.Get(options)
		require.NoError(t, err)
		return out
	}
	for path, value := range map[string]any{
		"id": "AAAA", "rawId": "AAAA", "type": "password", "response.userHandle": "AAAA", "response.signature": "AAAA",
		"response.authenticatorData": "AAAA", "response.clientDataJSON": "AAAA",
		"response.clientDataJSON.type": "webauthn.create", "response.clientDataJSON.challenge": "AAAA",
		"response.clientDataJSON.origin": "https://example.org", "response.clientDataJSON.more": "not signed",
	} {
		refuses(path, func(options string) string { return change(t, get(options), path, value) })
	}
	refuses("no JSON", func(string) string { return "{" })
	refuses("another relying party", func(options string) string {
		k.Origin = "https://example.com"
		return get(strings.Replace(options, `"rpId":"example.com"`, `"rpId":"example.org"`, 1))
	})
	stranger := cognitotest.NewPasskey()
	other := newFlows(t, allFirstFactors(), cognitotest.User{})
	other.register(stranger)
	refuses("another key", func(options string) string {
		out, err := stranger.Get(strings.Replace(options, `"allowCredentials"`, `"were"`, 1))
		require.NoError(t, err)
		return out
	})
	for _, origin := range []string{"http://example.com", "https://example.com.evil.org", "https://badexample.com", "https://example.com/x", ""} {
		refuses(origin, func(options string) string { return change(t, get(options), "response.clientDataJSON.origin", origin) })
	}

	// Signed well, but for something else.
	former := f.choose("PREFERRED_CHALLENGE", "WEB_AUTHN").ChallengeParameters["CREDENTIAL_REQUEST_OPTIONS"]
	refuses("another challenge", func(string) string { return get(former) })
	refuses("another origin", func(options string) string {
		k.Origin = "https://example.org"
		defer func() { k.Origin = "https://example.com" }()
		return get(options)
	})

	// A counter that stands still is a copy's.
	f.Advance(time.Hour)
	asked := f.choose("PREFERRED_CHALLENGE", "WEB_AUTHN")
	double := *k
	f.mustGoOn("WEB_AUTHN", asked.Session, "CREDENTIAL", get(asked.ChallengeParameters["CREDENTIAL_REQUEST_OPTIONS"]))
	refuses("a counter that stands still", func(options string) string {
		out, err := double.Get(options)
		require.NoError(t, err)
		return out
	})
}

func TestPasskeyVerifiesItsUser(t *testing.T) {
	t.Parallel()
	cfg := allFirstFactors()
	cfg.WebAuthn.UserVerification = "required"
	f := newFlows(t, cfg, cognitotest.User{})
	k := cognitotest.NewPasskey()
	f.register(k)
	asked := f.choose("PREFERRED_CHALLENGE", "WEB_AUTHN")
	assert.Contains(t, asked.ChallengeParameters["CREDENTIAL_REQUEST_OPTIONS"], `"userVerification":"required"`)
	k.Unverified = true
	credential, err := k.Get(asked.ChallengeParameters["CREDENTIAL_REQUEST_OPTIONS"])
	require.NoError(t, err)
	f.refusesAnswer("WEB_AUTHN", asked.Session, notAuthorized, wrongPassword, "CREDENTIAL", credential)
	token := f.Token("bob", cognitotest.TokenOptions{})
	credential, err = (&cognitotest.Passkey{Unverified: true}).Create(f.options(token))
	require.NoError(t, err)
	f.refuses("CompleteWebAuthnRegistration", members{"AccessToken": token, "Credential": json.RawMessage(credential)},
		"WebAuthnCredentialNotSupportedException", "WebAuthn credential is not supported.")
}

func TestPasskeyAndMFA(t *testing.T) {
	t.Parallel()
	for _, multi := range []bool{false, true} {
		cfg := allFirstFactors()
		cfg.WebAuthn.MultiFactor = multi
		f := newFlows(t, cfg, cognitotest.User{TOTPSecret: totpSecret})
		k := cognitotest.NewPasskey()
		f.register(k)
		assert.Equal(t, []string{"PASSWORD_SRP", "PASSWORD"}, f.choose().AvailableChallenges)
		enable := members{"Username": "bob", "WebAuthnMfaSettings": members{"Enabled": true}}
		if !multi {
			f.refuses("AdminSetUserMFAPreference", enable, badParameter, "Passkeys cannot be used as MFA.")
			continue
		}
		f.must("AdminSetUserMFAPreference", enable)
		asked := f.choose("PREFERRED_CHALLENGE", "WEB_AUTHN")
		credential, err := k.Get(asked.ChallengeParameters["CREDENTIAL_REQUEST_OPTIONS"])
		require.NoError(t, err)
		out := f.mustGoOn("WEB_AUTHN", asked.Session, "CREDENTIAL", credential)
		assert.NotNil(t, out.AuthenticationResult, "it counts for both factors")
	}
}

func TestRegistrationIsVerified(t *testing.T) {
	t.Parallel()
	other := everyFlow()
	other.ID = "other"
	cfg := allFirstFactors()
	cfg.Clients = []cognitotest.Client{everyFlow(), other}
	f := newFlows(t, cfg, cognitotest.User{})
	token := f.Token("bob", cognitotest.TokenOptions{})
	const unsupported = "WebAuthnCredentialNotSupportedException"
	create := func(k *cognitotest.Passkey, options string) string {
		out, err := k.Create(options)
		require.NoError(t, err)
		return out
	}
	refuses := func(token, credential, kind string) {
		t.Helper()
		_, err := f.call("CompleteWebAuthnRegistration", members{"AccessToken": token, "Credential": json.RawMessage(credential)})
		require.ErrorContains(t, err, kind)
	}
	k := cognitotest.NewPasskey()
	refuses(token, `{}`, unsupported)
	refuses(token, `"{}"`, unsupported)
	options := f.options(token)
	good := create(k, options)
	for path, value := range map[string]any{
		"id": "AAAA", "rawId": "AAAA", "type": "password", "response.attestationObject": "AAAA", "response.clientDataJSON": "AAAA",
		"response.clientDataJSON.type": "webauthn.get",
	} {
		refuses(token, change(t, good, path, value), unsupported)
	}
	refuses(token, change(t, good, "response.clientDataJSON.challenge", "AAAA"), "WebAuthnChallengeNotFoundException")
	refuses(token, change(t, good, "response.clientDataJSON.origin", "https://example.org"), "WebAuthnOriginNotAllowedException")
	refuses(token, create(&cognitotest.Passkey{Origin: "https://example.com"}, strings.Replace(options, `"id":"example.com"`, `"id":"example.org"`, 1)),
		"WebAuthnRelyingPartyMismatchException")
	refuses(f.Token("bob", cognitotest.TokenOptions{ClientID: "other"}), good, "WebAuthnClientMismatchException")
	f.Advance(time.Minute + time.Second)
	refuses(token, good, "WebAuthnChallengeNotFoundException")

	options = f.options(token)
	good = create(k, options)
	f.must("CompleteWebAuthnRegistration", members{"AccessToken": token, "Credential": json.RawMessage(good)})
	refuses(token, good, "WebAuthnChallengeNotFoundException")
	_, err := k.Create(f.options(token))
	require.ErrorContains(t, err, "already", "the pool excludes what it has")
}

func TestPasskeyOptions(t *testing.T) {
	t.Parallel()
	f := newFlows(t, allFirstFactors(), cognitotest.User{})
	var got map[string]any
	require.NoError(t, json.Unmarshal([]byte(f.options(f.Token("bob", cognitotest.TokenOptions{}))), &got))
	assert.Equal(t, map[string]any{"id": "example.com", "name": "example.com"}, got["rp"])
	assert.Equal(t, []any{map[string]any{"type": "public-key", "alg": -7.0}, map[string]any{"type": "public-key", "alg": -257.0}}, got["pubKeyCredParams"])
	assert.Equal(t, map[string]any{"requireResidentKey": true, "residentKey": "required", "userVerification": "preferred"}, got["authenticatorSelection"])
	assert.Equal(t, []any{}, got["excludeCredentials"])
	assert.Regexp(t, `^[\w-]{22}$`, got["challenge"])
	assert.Equal(t, "bob", got["user"].(map[string]any)["name"])
}

func TestPoolsWithoutPasskeys(t *testing.T) {
	t.Parallel()
	off := newFlows(t, cognitotest.Config{}, cognitotest.User{})
	token := members{"AccessToken": off.Token("bob", cognitotest.TokenOptions{})}
	off.refuses("StartWebAuthnRegistration", token, "WebAuthnNotEnabledException", "WebAuthn is not enabled for the user pool.")
	half := newFlows(t, cognitotest.Config{FirstFactors: []string{"PASSWORD", "WEB_AUTHN"}}, cognitotest.User{})
	token = members{"AccessToken": half.Token("bob", cognitotest.TokenOptions{})}
	half.refuses("StartWebAuthnRegistration", token, "WebAuthnConfigurationMissingException", "WebAuthn is not configured: no relying party.")
}

func TestListPasskeys(t *testing.T) {
	t.Parallel()
	f := newFlows(t, allFirstFactors(), cognitotest.User{})
	token := f.Token("bob", cognitotest.TokenOptions{})
	for range 20 {
		f.register(cognitotest.NewPasskey())
	}
	f.refuses("StartWebAuthnRegistration", members{"AccessToken": token}, "LimitExceededException", "User has too many WebAuthn credentials.")
	out := f.must("ListWebAuthnCredentials", members{"AccessToken": token, "MaxResults": 15})
	assert.Len(t, out["Credentials"], 15)
	one := out["Credentials"].([]any)[0].(members)
	assert.Equal(t, "example.com", one["RelyingPartyId"])
	assert.Equal(t, "platform", one["AuthenticatorAttachment"])
	assert.Equal(t, []any{"internal"}, one["AuthenticatorTransports"])
	assert.InDelta(t, f.Now().Unix(), one["CreatedAt"], 60)
	out = f.must("ListWebAuthnCredentials", members{"AccessToken": token, "MaxResults": 15, "NextToken": out["NextToken"]})
	assert.Len(t, out["Credentials"], 5)
	assert.NotContains(t, out, "NextToken")
	f.must("DeleteWebAuthnCredential", members{"AccessToken": token, "CredentialId": one["CredentialId"]})
	f.refuses("DeleteWebAuthnCredential", members{"AccessToken": token, "CredentialId": one["CredentialId"]},
		"ResourceNotFoundException", "WebAuthn credential does not exist.")
	assert.Len(t, f.must("ListWebAuthnCredentials", members{"AccessToken": token})["Credentials"], 19)
	_, err := f.call("ListWebAuthnCredentials", members{"AccessToken": token, "MaxResults": 21})
	require.ErrorContains(t, err, "'maxResults'")
}

func TestPasskeyFails(t *testing.T) {
	t.Parallel()
	k := cognitotest.NewPasskey()
	for _, fn := range []func(string) (string, error){k.Create, k.Get} {
		_, err := fn("{")
		require.ErrorContains(t, err, "cognitotest: Passkey.")
	}
	_, err := k.Get("{}")
	require.ErrorContains(t, err, "no credential")
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", slog.Any("passkey", k))
	for _, printed := range []string{log.String(), fmt.Sprintf("%+v %#v %s", k, k, k)} {
		assert.Contains(t, printed, "Passkey{}")
		assert.NotContains(t, printed, "0x")
	}
}
