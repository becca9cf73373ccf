package cognito_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// FuzzIDs gives New anything as the IDs of a pool and a client: what it takes has the form that the
// service documents, and what is derived from it is a URL of the pool's.
func FuzzIDs(f *testing.F) {
	for _, seed := range [][2]string{
		{testPool, testClient},
		{testClient, testPool},
		{"", ""},
		{"eu-west-1_a/b", "x"},
		{"a_b_c", "+"},
		{"-_a", "a b"},
		{"eu-west-1.evil.example_a", "x"},
		{"eu-west-1_ä", "é"},
		{"eu-west-1@evil_a", "\x00"},
	} {
		f.Add(seed[0], seed[1])
	}
	pool, client := regexp.MustCompile(`\A[\w-]+_[0-9a-zA-Z]+\z`), regexp.MustCompile(`\A[\w+]+\z`)
	f.Fuzz(func(t *testing.T, poolID, clientID string) {
		c, err := cognito.New(poolID, clientID)
		if err != nil {
			assert.Less(t, len(err.Error()), 2000)
			return
		}
		assert.True(t, pool.MatchString(poolID) && len(poolID) <= 55, poolID)
		assert.True(t, client.MatchString(clientID) && len(clientID) <= 128, clientID)
		issuer, err := url.Parse(c.Issuer())
		require.NoError(t, err)
		region := poolID[:strings.LastIndex(poolID, "_")]
		assert.Equal(t, "/"+poolID, issuer.Path)
		assert.True(t, strings.HasPrefix(issuer.Host, "cognito-idp."+region+".amazonaws."), issuer.Host)
		_, err = cognito.NewVerifier(poolID, []string{clientID})
		require.NoError(t, err, "both take the same IDs")
	})
}

// FuzzChallengeParameters gives a challenge anything as parameters: what the methods make of them
// is what encoding/json reads, and nothing of it is printed.
func FuzzChallengeParameters(f *testing.F) {
	for _, seed := range []string{
		`["userAttributes.given_name","custom:x"]`, `{"email":"a@b"}`, `["SMS_MFA",1]`, `[null]`, `null`, "", `{"a":{}}`, "[", `["\ud800"]`,
	} {
		f.Add("NEW_PASSWORD_REQUIRED", seed, seed)
		f.Add("SELECT_MFA_TYPE", seed, "SMS")
		f.Add("WEB_AUTHN", seed, "+*******1")
	}
	f.Fuzz(func(t *testing.T, name, structured, text string) {
		ch := cognito.Challenge{Name: types.ChallengeNameType(name), Parameters: map[string]string{
			"requiredAttributes": structured, "userAttributes": structured, "MFAS_CAN_CHOOSE": structured, "MFAS_CAN_SETUP": structured,
			"CREDENTIAL_REQUEST_OPTIONS": structured, "CODE_DELIVERY_DESTINATION": text, "CODE_DELIVERY_DELIVERY_MEDIUM": text,
			"FRIENDLY_DEVICE_NAME": text, "USERNAME": text,
		}}
		var list []string
		listed := json.Unmarshal([]byte(structured), &list) == nil
		if !listed {
			list = nil
		}
		for _, required := range ch.RequiredAttributes() {
			assert.True(t, slices.Contains(list, required) || slices.Contains(list, "userAttributes."+required), required)
		}
		if options := ch.Options(); name == "SELECT_MFA_TYPE" || name == "MFA_SETUP" {
			assert.Len(t, options, len(list))
		} else {
			assert.Empty(t, options)
		}
		for key, value := range ch.CurrentAttributes() {
			assert.Contains(t, structured, "{", key+value)
		}
		options := structured
		if !json.Valid([]byte(structured)) {
			options = ""
		}
		assert.Equal(t, options, string(ch.CredentialRequestOptions()))
		assert.Equal(t, text, ch.DeviceName())
		if delivery := ch.Delivery(); text == "" {
			assert.Nil(t, delivery)
		} else {
			assert.Equal(t, &cognito.CodeDelivery{Destination: text, Medium: types.DeliveryMediumType(text)}, delivery)
		}
		assert.NotContains(t, ch.PublicParameters(), "USERNAME")
		assertOneLine(t, ch.LogValue().String())
	})
}

// FuzzChallenge takes up a challenge from anything as JSON: it comes back the same, and an answer
// to it goes to the service or is refused, and prints nothing of the session.
func FuzzChallenge(f *testing.F) {
	for _, seed := range []string{
		`{"name":"SMS_MFA","session":"s","username":"bob","parameters":{"a":"b"}}`, `{"name":"SELECT_CHALLENGE","available":["PASSWORD"],"username":""}`,
		`{}`, `null`, `[]`, `{"name":1}`, `{"name":"NEW_PASSWORD_REQUIRED","session":"` + strings.Repeat("x", 30) + `","username":"é","admin":true}`,
		`{"name":"PASSWORD_VERIFIER","parameters":{"SRP_B":"-1","SALT":"zz"}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, stored []byte) {
		var ch, again cognito.Challenge
		if json.Unmarshal(stored, &ch) != nil {
			return
		}
		text, err := json.Marshal(ch)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &again))
		if len(ch.Parameters) == 0 {
			ch.Parameters = again.Parameters
		}
		if len(ch.Available) == 0 {
			ch.Available = again.Available
		}
		require.Equal(t, ch, again)

		sent := &cannedService{status: http.StatusBadRequest, body: `{"__type":"CodeMismatchException"}`}
		c := cannedClient(t, sent, cognito.WithChallenge(ch))
		err = c.RespondToChallenge(t.Context(), cognito.Answer{"ANSWER": "4711-answer"})
		require.Error(t, err)
		assert.Equal(t, cognito.Tokens{}, c.Tokens())
		for e := err; e != nil; e = errors.Unwrap(e) {
			assert.NotContains(t, e.Error(), "4711-answer")
			if len(ch.Session) >= 20 { // shorter ones stand in any text
				assert.NotContains(t, e.Error(), ch.Session)
			}
		}
		assertOneLine(t, ch.LogValue().String())
	})
}

// FuzzServiceAnswer signs in to a service that answers anything: nobody gets signed in, and the
// error is bounded, on one line, and without the password.
func FuzzServiceAnswer(f *testing.F) {
	for _, body := range []string{
		`{"__type":"NotAuthorizedException","message":"no\nno"}`, `{"ChallengeName":"SMS_MFA","Session":"s","ChallengeParameters":{}}`, "", "null",
		`{"AuthenticationResult":{"AccessToken":"a.b.c","IdToken":"","ExpiresIn":-1}}`, `{"ChallengeName":"PASSWORD_VERIFIER"}`, `[1`, `{"ChallengeName":1}`,
	} {
		f.Add(uint16(http.StatusOK), "", body)
		f.Add(uint16(http.StatusBadRequest), "UserNotFoundException:http://x", body)
	}
	f.Add(uint16(http.StatusBadRequest), "X", `{"message":"`+strings.Repeat("x", 6000)+`"}`)
	f.Fuzz(func(t *testing.T, status uint16, exception, body string) {
		if strings.ContainsFunc(exception, unicode.IsControl) || status < 200 || status > 599 {
			return // net/http itself refuses such an answer
		}
		service := &cannedService{status: int(status), exception: exception, body: body}
		c := cannedClient(t, service, cognito.WithUsername("bob"))
		err := c.Authenticate(t.Context(), testPassword, cognito.Flow(types.AuthFlowTypeUserPasswordAuth))
		require.Error(t, err)
		assert.Equal(t, cognito.Tokens{}, c.Tokens())
		assert.Less(t, len(err.Error()), 5000)
		assert.NotContains(t, err.Error(), testPassword)
		if _, pending := c.Challenge(); pending {
			var challenge *cognito.ChallengeError
			assert.ErrorAs(t, err, &challenge)
		}
	})
}

// FuzzDevice signs in with anything as a device and as the pool's challenge to it: the SRP helper
// answers with the device's key and a claim, or refuses, and its errors hold no password.
func FuzzDevice(f *testing.F) {
	f.Add("eu-west-1_d", "-group", "device-password", "9ed2a1b3", "a03f17", "YmxvY2s=")
	f.Add("", "", "", "", "", "")
	f.Add("key", "group", "password", "-1", strings.Repeat("f", 800), "####")
	f.Add("key\x00", "grüppe", "pass\xffword", "00", "0", "")
	now := time.Unix(1700000000, 0)
	f.Fuzz(func(t *testing.T, key, group, password, salt, b, block string) {
		device := cognito.Device{Key: key, GroupKey: group, Password: password}
		helper, err := cognito.NewSRP(testPool, testClient, "bob", testPassword, cognito.WithSRPDevice(device))
		if err != nil {
			assert.True(t, key == "" || group == "" || password == "" || len(err.Error()) > 0)
			return
		}
		params := map[string]string{
			"USERNAME": "bob", "DEVICE_KEY": key, "SALT": salt, "SRP_B": b, "SECRET_BLOCK": block,
		}
		first, err := helper.DeviceSRPAuthChallenge(params)
		require.NoError(t, err)
		assert.Equal(t, key, first["DEVICE_KEY"])
		answers, err := helper.DevicePasswordVerifierChallenge(params, now)
		if err != nil {
			if len(password) > 7 {
				assert.NotContains(t, err.Error(), password)
			}
			assertOneLine(t, err.Error())
			return
		}
		assert.Equal(t, key, answers["DEVICE_KEY"])
		assert.Equal(t, block, answers["PASSWORD_CLAIM_SECRET_BLOCK"])
		assert.Len(t, answers["PASSWORD_CLAIM_SIGNATURE"], 44, "base64 of 32 bytes")
		assert.NotEmpty(t, strings.Trim(b, "0"), "B = 0 is refused")
	})
}

// FuzzFileStore reads anything as the file of a store: tokens come back the same after another
// save, an error quotes nothing of the file, and a session can be made of what was read.
func FuzzFileStore(f *testing.F) {
	for _, seed := range []string{
		`{"access_token":"a.b.c","refresh_token":"r","expires_at":"2026-01-02T03:04:05Z"}`, "", "null", "{", `{"expires_at":"x"}`, `{"access_token":1}`,
		`{"access_token":"` + forged(nil) + `"}`, `{"expires_at":"9999-12-31T23:59:59.999999999+23:59"}`,
	} {
		f.Add([]byte(seed))
	}
	path := filepath.Join(f.TempDir(), "tokens.json")
	f.Fuzz(func(t *testing.T, content []byte) {
		require.NoError(t, os.WriteFile(path, content, 0o600))
		store := cognito.NewFileStore(path)
		tokens, err := store.Load(t.Context())
		if err != nil {
			assert.Equal(t, cognito.Tokens{}, tokens)
			require.ErrorIs(t, err, cognito.ErrStoreContent)
			assert.Equal(t, path+": unusable content in the store: want tokens as JSON", err.Error())
			return
		}
		require.NoError(t, store.Save(t.Context(), tokens))
		again, err := store.Load(t.Context())
		require.NoError(t, err)
		assert.True(t, tokens.ExpiresAt.Equal(again.ExpiresAt))
		again.ExpiresAt = tokens.ExpiresAt
		assert.Equal(t, tokens, again)

		service := &cannedService{status: http.StatusBadRequest, body: `{"__type":"NotAuthorizedException","message":"Invalid Refresh Token."}`}
		c := cannedClient(t, service, cognito.WithTokenStore(store))
		got, err := c.Token(t.Context())
		if err == nil { // they have not expired, as far as they say
			assert.Equal(t, tokens.AccessToken, got.AccessToken)
			assert.Zero(t, service.calls)
			return
		}
		assert.Equal(t, tokens.RefreshToken != "", errorIs(err, cognito.ErrInvalidRefreshToken), "%v", err)
		assert.Equal(t, tokens.RefreshToken == "", errorIs(err, cognito.ErrNotSignedIn), "%v", err)
	})
}

// FuzzFilterValue searches for anything: the filter finds the user who has that value, or is
// refused before it is sent.
func FuzzFilterValue(f *testing.F) {
	for _, seed := range []string{"Bob", `a"b`, `\`, `\"`, `" or name = "x`, "ä", "\x00", strings.Repeat(`"`, 130)} {
		f.Add(seed)
	}
	srv := cognitotest.NewServer(cognitotest.Config{})
	f.Cleanup(srv.Close)
	srv.AddUser(cognitotest.User{Username: "ana", Attributes: map[string]string{"name": "x"}})
	srv.AddUser(cognitotest.User{Username: "bob"})
	c, err := cognito.New(srv.UserPoolID, srv.ClientID, cognito.WithEndpoint(srv.URL), cognito.WithStaticCredentials("AKID", "secret", ""))
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, value string) {
		if !utf8.ValidString(value) || value == "" || value == "x" {
			return
		}
		if _, err := c.AdminUpdateProfile(t.Context(), "bob", cognito.Attributes{"name": value}); err != nil {
			return // it is no possible name
		}
		users, err := c.GetUsers(t.Context(), cognito.FilterEquals("name", value))
		if err != nil {
			require.ErrorContains(t, err, "Filter")
			assert.Greater(t, len(value)+strings.Count(value, `"`)+strings.Count(value, `\`), 200)
			return
		}
		require.Len(t, users, 1)
		assert.Equal(t, "bob", users[0].Username)
	})
}

// cannedService is a service that always gives the same answer.
type cannedService struct {
	status          int
	exception, body string
	calls           int
}

func (s *cannedService) RoundTrip(req *http.Request) (*http.Response, error) {
	s.calls++
	header := http.Header{"Content-Type": {"application/x-amz-json-1.1"}}
	if s.exception != "" {
		header.Set("X-Amzn-Errortype", s.exception)
	}
	if req.Body != nil {
		_ = req.Body.Close()
	}
	return &http.Response{
		StatusCode: s.status, Header: header, Body: io.NopCloser(bytes.NewBufferString(s.body)), Request: req, ContentLength: int64(len(s.body)),
	}, nil
}

// cannedClient makes a client of that service, which has no keys to fetch.
func cannedClient(t *testing.T, service *cannedService, opts ...cognito.Option) *cognito.Cognito {
	t.Helper()
	opts = append([]cognito.Option{
		cognito.WithHTTPClient(&http.Client{Transport: service}), cognito.WithClock(func() time.Time { return testTime }),
		cognito.WithStaticCredentials("AKID", "secret", ""), cognito.WithClientOptions(noBackoff), cognito.WithJWKS(keySetJSON(forgers()[0].jwk(nil))),
	}, opts...)
	c, err := cognito.New(testPool, testClient, opts...)
	require.NoError(t, err)
	return c
}

// assertOneLine checks that a text can stand in a log, whatever came from outside.
func assertOneLine(t *testing.T, text string) {
	t.Helper()
	assert.Less(t, len(text), 4000)
	assert.NotContains(t, text, "\n")
}
