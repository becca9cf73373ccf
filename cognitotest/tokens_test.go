package cognitotest_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
)

const uuid = `^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`

// The members of the tokens, one by one as the service makes them.
func TestTokensClaimByClaim(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	client := allFlows()
	client.AccessTokenValidity, client.IDTokenValidity = 2*time.Hour, 30*time.Minute
	f := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{client}, Now: func() time.Time { return start }})
	f.AddUser(cognitotest.User{
		Username: "rich", Password: password, Sub: "11111111-2222-4333-8444-555555555555", Groups: []string{"admins", "readers"},
		Attributes: map[string]string{
			"email": "rich@example.com", "email_verified": "false", "phone_number": "+491234", "phone_number_verified": "true",
			"address": "Main Street 1", "custom:level": "7", "given_name": "Richard",
		},
	})
	out, err := f.byPassword("rich", password)
	require.NoError(t, err)
	result := out.AuthenticationResult
	assert.Equal(t, int32(7200), result.ExpiresIn)

	access, id := claims(t, *result.AccessToken), claims(t, *result.IdToken)
	for _, c := range []map[string]any{access, id} {
		for _, name := range []string{"jti", "origin_jti", "event_id"} {
			assert.Regexp(t, uuid, c[name])
		}
	}
	assert.NotEqual(t, access["jti"], id["jti"])
	assert.Equal(t, access["origin_jti"], id["origin_jti"])
	assert.Equal(t, access["event_id"], id["event_id"])
	now := float64(start.Unix())
	common := map[string]any{
		"sub": "11111111-2222-4333-8444-555555555555", "iss": f.Issuer(), "auth_time": now, "iat": now,
		"cognito:groups": []any{"admins", "readers"}, "event_id": access["event_id"], "origin_jti": access["origin_jti"],
	}
	want := func(more map[string]any) map[string]any {
		all := maps.Clone(common)
		maps.Copy(all, more)
		return all
	}
	assert.Equal(t, want(map[string]any{
		"token_use": "access", "client_id": clientID, "username": "rich", "scope": "aws.cognito.signin.user.admin",
		"exp": now + 7200, "jti": access["jti"],
	}), access)
	assert.Equal(t, want(map[string]any{
		"token_use": "id", "aud": clientID, "cognito:username": "rich", "exp": now + 1800, "jti": id["jti"],
		"email": "rich@example.com", "email_verified": false, "phone_number": "+491234", "phone_number_verified": true,
		"address": map[string]any{"formatted": "Main Street 1"}, "custom:level": "7", "given_name": "Richard",
	}), id)

	for _, token := range []string{*result.AccessToken, *result.IdToken} {
		h := header(t, token)
		assert.ElementsMatch(t, []string{"kid", "alg"}, names(h))
		assert.Equal(t, "RS256", h["alg"])
	}
	assert.NotEqual(t, header(t, *result.AccessToken)["kid"], header(t, *result.IdToken)["kid"])
	assert.Len(t, strings.Split(*result.RefreshToken, "."), 5)
	assert.Greater(t, len(*result.RefreshToken), 1000)

	// Without groups there is no such claim.
	assert.NotContains(t, claims(t, *f.tokens().AccessToken), "cognito:groups")
}

func TestClientsSeeWhatTheyMay(t *testing.T) {
	t.Parallel()
	client := allFlows()
	client.ReadAttributes, client.DisableTokenRevocation = []string{"name"}, true
	f := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{client}})
	tokens := f.tokens()
	id := claims(t, *tokens.IdToken)
	for _, name := range []string{"email", "email_verified", "jti", "origin_jti"} {
		assert.NotContains(t, id, name)
	}
	user, err := f.getUser(*tokens.AccessToken)
	require.NoError(t, err)
	assert.Equal(t, "ana", aws.ToString(user.Username))
	require.Len(t, user.UserAttributes, 1)
	assert.Equal(t, "sub", aws.ToString(user.UserAttributes[0].Name))
	assert.Equal(t, sub, aws.ToString(user.UserAttributes[0].Value))

	_, err = f.sdk.RevokeToken(t.Context(), &cip.RevokeTokenInput{ClientId: aws.String(clientID), Token: tokens.RefreshToken})
	refused(t, err, "UnsupportedOperationException", "Revocation not enabled for this client")
	// A global sign-out voids tokens without origin_jti by their age.
	_, err = f.sdk.GlobalSignOut(t.Context(), &cip.GlobalSignOutInput{AccessToken: tokens.AccessToken})
	require.NoError(t, err)
	_, err = f.getUser(*tokens.AccessToken)
	refused(t, err, notAuthorized, "Access Token has been revoked")
	f.Advance(2 * time.Second)
	_, err = f.getUser(*f.tokens().AccessToken)
	require.NoError(t, err)
}

func TestAccessTokensThatAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	f.AddUser(cognitotest.User{Username: "off", Password: password})
	other := newFixture(t, cognitotest.Config{UserPoolID: "us-east-1_Another01"})
	tokens := f.tokens()
	good := *tokens.AccessToken
	off := f.Token("off", cognitotest.TokenOptions{})
	f.DisableUser("off", true)
	for name, tt := range map[string]struct{ token, message string }{
		"garbage":            {"garbage", "Invalid Access Token"},
		"an ID token":        {*tokens.IdToken, "Invalid Access Token"},
		"of another pool":    {*other.tokens().AccessToken, "Invalid Access Token"},
		"changed":            {good[:len(good)-8] + "AAAAAAAA", "Could not verify signature for Access Token"},
		"expired":            {f.Token("ana", cognitotest.TokenOptions{ExpiresIn: -time.Second}), "Access Token has expired"},
		"without expiry":     {f.Token("ana", cognitotest.TokenOptions{Claims: map[string]any{"exp": nil}}), "Invalid Access Token"},
		"of another scope":   {f.Token("ana", cognitotest.TokenOptions{Claims: map[string]any{"scope": "openid"}}), "Access Token does not have required scopes"},
		"of a disabled user": {off, "User is disabled."},
	} {
		_, err := f.getUser(tt.token)
		t.Log(name)
		refused(t, err, notAuthorized, tt.message)
	}
	_, err := f.getUser(f.Token("ana", cognitotest.TokenOptions{Claims: map[string]any{"sub": "gone"}}))
	refused(t, err, "UserNotFoundException", "User does not exist.")
	f.RotateKeys()
	_, err = f.getUser(good)
	require.NoError(t, err, "the service knows its retired keys")
}

// An access token ends with the second that it names, and one of an unknown sign-in with the
// user's sign-out.
func TestEndOfAnAccessToken(t *testing.T) {
	t.Parallel()
	start := time.Now().Truncate(time.Second)
	f := newFixture(t, cognitotest.Config{Now: func() time.Time { return start }})
	token := *f.tokens().AccessToken
	unknown := cognitotest.TokenOptions{Claims: map[string]any{"origin_jti": "another"}}
	f.Advance(time.Hour - time.Second)
	_, err := f.getUser(token)
	require.NoError(t, err)
	f.Advance(time.Second)
	_, err = f.getUser(token)
	refused(t, err, notAuthorized, "Access Token has expired")

	early := f.Token("ana", unknown)
	_, err = f.getUser(early)
	require.NoError(t, err)
	f.must("AdminUserGlobalSignOut", members{"Username": "ana"})
	_, err = f.getUser(early)
	refused(t, err, notAuthorized, "Access Token has been revoked")
	f.Advance(time.Second)
	_, err = f.getUser(f.Token("ana", unknown))
	require.NoError(t, err, "of a later sign-in")
}

// What RevokeToken refuses beside tokens: a client that has revocation off, and a secret where the
// client has none.
func TestRevokeTokenAsksTheClient(t *testing.T) {
	t.Parallel()
	off := allFlows()
	off.DisableTokenRevocation = true
	f := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{off}})
	f.refuses("RevokeToken", members{"ClientId": clientID, "Token": *f.tokens().RefreshToken},
		"UnsupportedOperationException", "Revocation not enabled for this client")
	f = newFixture(t, cognitotest.Config{})
	f.refuses("RevokeToken", members{"ClientId": clientID, "ClientSecret": "none0of0the0clients0secrets", "Token": *f.tokens().RefreshToken},
		"UnauthorizedException", "Client is not authorized to revoke this token")
}

func TestTokenOptions(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	access := claims(t, f.Token("ana", cognitotest.TokenOptions{}))
	assert.Equal(t, "access", access["token_use"])
	assert.Equal(t, clientID, access["client_id"])
	assert.InDelta(t, f.Now().Add(time.Hour).Unix(), access["exp"], 2)
	id := claims(t, f.Token("ana", cognitotest.TokenOptions{
		Use: "id", ClientID: "another", ExpiresIn: time.Minute, Claims: map[string]any{"nonce": "n", "email": nil}, KeyID: "made-up",
	}))
	assert.Equal(t, "id", id["token_use"])
	assert.Equal(t, "another", id["aud"])
	assert.Equal(t, "n", id["nonce"])
	assert.NotContains(t, id, "email")
	assert.InDelta(t, f.Now().Add(time.Minute).Unix(), id["exp"], 2)
	assert.Equal(t, "made-up", header(t, f.Token("ana", cognitotest.TokenOptions{KeyID: "made-up"}))["kid"])
	assert.PanicsWithValue(t, `cognitotest: there is no user "nobody"`, func() { f.Token("nobody", cognitotest.TokenOptions{}) })
	assert.PanicsWithValue(t, `cognitotest: TokenOptions.Use: want access or id, got "refresh"`, func() { f.Token("ana", cognitotest.TokenOptions{Use: "refresh"}) })
	_, err := f.getUser(f.Token("ana", cognitotest.TokenOptions{}))
	require.NoError(t, err, "they are as good as those of a sign-in")
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	for _, client := range []cognitotest.Client{allFlows(), withSecret()} {
		f := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{client}})
		first := f.tokens()
		before := claims(t, *first.AccessToken)
		f.Advance(90 * time.Minute)
		params := f.hash("ana")
		params["REFRESH_TOKEN"] = *first.RefreshToken
		out, err := f.initiate(types.AuthFlowTypeRefreshTokenAuth, params)
		require.NoError(t, err)
		second, err := f.refresh(*first.RefreshToken)
		require.NoError(t, err)
		for _, result := range []*types.AuthenticationResultType{out.AuthenticationResult, second} {
			assert.Nil(t, result.RefreshToken)
			after := claims(t, *result.AccessToken)
			for _, name := range []string{"auth_time", "origin_jti", "event_id", "sub", "username"} {
				assert.Equal(t, before[name], after[name], name)
			}
			assert.NotEqual(t, before["jti"], after["jti"])
			assert.InDelta(t, before["iat"].(float64)+5400, after["iat"], 2)
		}
	}
}

func TestRefreshTokensThatAreRefused(t *testing.T) {
	t.Parallel()
	other := allFlows()
	other.ID = "2example23456789abcdefghij"
	f := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{allFlows(), other}})
	token := *f.tokens().RefreshToken
	both := func(token, message string) {
		t.Helper()
		_, err := f.refresh(token)
		refused(t, err, notAuthorized, message)
		_, err = f.initiate(types.AuthFlowTypeRefreshTokenAuth, map[string]string{"REFRESH_TOKEN": token})
		refused(t, err, notAuthorized, message)
	}
	both("garbage", "Invalid Refresh Token.")
	f.ClientID = other.ID
	both(token, "Invalid Refresh Token.")
	f.ClientID = clientID
	f.DisableUser("ana", true)
	both(token, "User is disabled.")
	f.DisableUser("ana", false)
	f.Advance(30*24*time.Hour + time.Second)
	both(token, "Refresh Token has expired")

	secretive := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{withSecret()}})
	token = *secretive.tokens().RefreshToken
	for _, wrong := range []string{"", "ps50nb7hd1umdnmlt1xa9nwiscqvdvzy5ijw63vcacd09yihcX"} {
		in := &cip.GetTokensFromRefreshTokenInput{ClientId: aws.String(clientID), RefreshToken: aws.String(token)}
		if wrong != "" {
			in.ClientSecret = aws.String(wrong)
		}
		_, err := secretive.sdk.GetTokensFromRefreshToken(t.Context(), in)
		require.ErrorContains(t, err, notAuthorized)
		_, err = secretive.sdk.RevokeToken(t.Context(), &cip.RevokeTokenInput{ClientId: aws.String(clientID), Token: aws.String(token), ClientSecret: in.ClientSecret})
		require.ErrorContains(t, err, "UnauthorizedException")
	}
	_, err := secretive.refresh(token)
	require.NoError(t, err, "and it is still good")
}

func TestRotation(t *testing.T) {
	t.Parallel()
	start := time.Now()
	rotating := allFlows()
	rotating.RefreshTokenRotation, rotating.RefreshTokenGracePeriod = true, 10*time.Second
	f := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{rotating}, Now: func() time.Time { return start }})
	first := *f.tokens().RefreshToken
	_, err := f.initiate(types.AuthFlowTypeRefreshTokenAuth, map[string]string{"REFRESH_TOKEN": first})
	refused(t, err, badParameter, "REFRESH_TOKEN_AUTH flow not enabled for this client")
	out, err := f.refresh(first)
	require.NoError(t, err)
	second := aws.ToString(out.RefreshToken)
	assert.NotEmpty(t, second)
	assert.NotEqual(t, first, second)
	f.Advance(9 * time.Second)
	_, err = f.refresh(first)
	require.NoError(t, err, "within the grace period")
	f.Advance(time.Second)
	_, err = f.refresh(first)
	require.ErrorContains(t, err, "RefreshTokenReuseException")
	out, err = f.refresh(second)
	require.NoError(t, err)
	f.Advance(30*24*time.Hour - 9*time.Second) // the lifetime is that of the first one
	_, err = f.refresh(aws.ToString(out.RefreshToken))
	refused(t, err, notAuthorized, "Refresh Token has expired")

	rotating.RefreshTokenGracePeriod = 0
	strict := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{rotating}, Now: func() time.Time { return start }})
	first = *strict.tokens().RefreshToken
	_, err = strict.refresh(first)
	require.NoError(t, err)
	_, err = strict.refresh(first)
	require.ErrorContains(t, err, "RefreshTokenReuseException", "without grace at once")
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	other := allFlows()
	other.ID = "another1client2of3the4pool"
	f := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{allFlows(), other}})
	f.AddUser(cognitotest.User{Username: "eve", Password: password})
	one, two := f.tokens(), f.tokens()
	_, foreign := f.sdk.RevokeToken(t.Context(), &cip.RevokeTokenInput{ClientId: aws.String(other.ID), Token: one.RefreshToken})
	refused(t, foreign, "UnauthorizedException", "Client is not authorized to revoke this token")
	_, foreign = f.refresh(*one.RefreshToken)
	require.NoError(t, foreign, "it is not another client's to revoke")
	eve, err := f.byPassword("eve", password)
	require.NoError(t, err)
	_, err = f.sdk.RevokeToken(t.Context(), &cip.RevokeTokenInput{ClientId: aws.String(clientID), Token: one.AccessToken})
	require.ErrorContains(t, err, "UnsupportedTokenTypeException")
	revoke := &cip.RevokeTokenInput{ClientId: aws.String(clientID), Token: one.RefreshToken}
	for range 2 { // a second time is no error
		_, err = f.sdk.RevokeToken(t.Context(), revoke)
		require.NoError(t, err)
	}
	_, err = f.refresh(*one.RefreshToken)
	refused(t, err, notAuthorized, "Refresh Token has been revoked")
	_, err = f.getUser(*one.AccessToken)
	refused(t, err, notAuthorized, "Access Token has been revoked")
	_, err = f.refresh(*two.RefreshToken)
	require.NoError(t, err, "another session of the user goes on")

	_, err = f.sdk.GlobalSignOut(t.Context(), &cip.GlobalSignOutInput{AccessToken: two.AccessToken})
	require.NoError(t, err)
	_, err = f.refresh(*two.RefreshToken)
	refused(t, err, notAuthorized, "Refresh Token has been revoked")
	_, err = f.sdk.GlobalSignOut(t.Context(), &cip.GlobalSignOutInput{AccessToken: two.AccessToken})
	refused(t, err, notAuthorized, "Access Token has been revoked")
	_, err = f.refresh(*eve.AuthenticationResult.RefreshToken)
	require.NoError(t, err, "and so does another user")
	_, err = f.getUser(*f.tokens().AccessToken)
	require.NoError(t, err, "and a new sign-in")
}

// An app client must not end the sessions of another one.
func TestAnotherClientCannotRevoke(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{allFlows(), {ID: "another"}}})
	tokens := f.tokens()
	_, err := f.sdk.RevokeToken(t.Context(), &cip.RevokeTokenInput{ClientId: aws.String("another"), Token: tokens.RefreshToken})
	var refusal *types.UnauthorizedException
	require.ErrorAs(t, err, &refusal)
	_, err = f.refresh(*tokens.RefreshToken)
	require.NoError(t, err)
	_, err = f.getUser(*tokens.AccessToken)
	require.NoError(t, err)
}

// What the pool signs verifies with the key set that it serves, by a verifier that was not written
// here.
func TestTokensVerifyWithTheKeySet(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	lookup := publishedKeys(t, f)
	for _, token := range []string{*f.tokens().AccessToken, *f.tokens().IdToken} {
		parsed, err := jwt.Parse(token, lookup, jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(f.Issuer()), jwt.WithExpirationRequired())
		require.NoError(t, err)
		assert.True(t, parsed.Valid)
	}
}

// A sign-in too many ends the session that was used least recently.
func TestMaxSessions(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{MaxSessions: 2})
	first, second := f.tokens(), f.tokens()
	_, err := f.refresh(*first.RefreshToken)
	require.NoError(t, err)
	third := f.tokens()
	_, err = f.refresh(*second.RefreshToken)
	refused(t, err, notAuthorized, "Refresh Token has been revoked")
	_, err = f.getUser(*second.AccessToken)
	refused(t, err, notAuthorized, "Access Token has been revoked")
	for _, live := range []string{*first.RefreshToken, *third.RefreshToken} {
		_, err = f.refresh(live)
		require.NoError(t, err)
	}
	f.AddUser(cognitotest.User{Username: "ben", Password: password})
	_, err = f.byPassword("ben", password)
	require.NoError(t, err)
	_, err = f.refresh(*first.RefreshToken)
	require.NoError(t, err, "each user has a count of their own")
}
