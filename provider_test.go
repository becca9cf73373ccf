package cognito_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
	"github.com/gocognito/cognito/internal/prints"
)

var okta = cognito.IdentityProvider{
	Name: "Okta", Type: types.IdentityProviderTypeTypeOidc,
	Details:          map[string]string{"client_id": "1example", "client_secret": secret, "oidc_issuer": "https://okta.example.com", "attributes_url_add_attributes": "false"},
	AttributeMapping: map[string]string{"email": "mail"}, Identifiers: []string{"okta.example.com"},
}

// answerWith answers operations with texts; one that begins with "!" is an exception.
func answerWith(srv *cognitotest.Server, answers map[string]string) {
	srv.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		text, ok := answers[op]
		if !ok {
			return false
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if kind, failed := strings.CutPrefix(text, "!"); failed {
			w.Header().Set("X-Amzn-ErrorType", kind)
			w.WriteHeader(http.StatusBadRequest)
			text = "{}"
		}
		_, _ = io.WriteString(w, text)
		return true
	})
}

func lastCall(srv *cognitotest.Server) cognitotest.Request {
	calls := srv.Requests()
	return calls[len(calls)-1]
}

func TestIdentityProviders(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newAdmin(t, srv)
	made, err := c.AdminCreateIdentityProvider(t.Context(), okta)
	require.NoError(t, err)
	assert.Equal(t, okta.Details, made.Details)
	assert.False(t, made.Created.IsZero())
	_, err = c.AdminCreateIdentityProvider(t.Context(), okta)
	require.ErrorIs(t, err, cognito.ErrProviderExists)
	got, err := c.AdminDescribeIdentityProvider(t.Context(), "Okta")
	require.NoError(t, err)
	assert.Equal(t, made, got)
	for p, err := range c.IdentityProviders(t.Context()) {
		require.NoError(t, err)
		assert.Equal(t, "Okta", aws.ToString(p.ProviderName))
		assert.Equal(t, types.IdentityProviderTypeTypeOidc, p.ProviderType)
	}
	require.NoError(t, c.AdminDeleteIdentityProvider(t.Context(), "Okta"))
	_, err = c.AdminDescribeIdentityProvider(t.Context(), "Okta")
	require.ErrorIs(t, err, cognito.ErrProviderNotFound)
	require.ErrorIs(t, c.AdminDeleteIdentityProvider(t.Context(), "Okta"), cognito.ErrProviderNotFound)
}

// pycognito's update sends what it is given and no more.
func TestUpdatingAProviderKeepsTheRest(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newAdmin(t, srv)
	_, err := c.AdminCreateIdentityProvider(t.Context(), okta)
	require.NoError(t, err)
	got, err := c.AdminUpdateIdentityProvider(t.Context(), "Okta", func(p *cognito.IdentityProvider) {
		assert.Equal(t, secret, p.Details["client_secret"])
		p.AttributeMapping["name"] = "display_name"
		p.Name, p.Type = "Other", types.IdentityProviderTypeTypeSaml // no effect
	})
	require.NoError(t, err)
	details := maps.Clone(okta.Details)
	delete(details, "attributes_url_add_attributes")
	assert.Equal(t, m{
		"UserPoolId": srv.UserPoolID, "ProviderName": "Okta", "IdpIdentifiers": []any{"okta.example.com"},
		"ProviderDetails": anyMap(details), "AttributeMapping": m{"email": "mail", "name": "display_name"},
	}, lastCall(srv).Body)
	assert.Equal(t, "Okta", got.Name)
	assert.Equal(t, map[string]string{"email": "mail", "name": "display_name"}, got.AttributeMapping)

	got, err = c.AdminUpdateIdentityProvider(t.Context(), "Okta", func(p *cognito.IdentityProvider) {
		p.AttributeMapping, p.Identifiers = nil, nil
	})
	require.NoError(t, err)
	assert.Empty(t, got.AttributeMapping, "what is taken away is gone")
	assert.Empty(t, got.Identifiers)
	assert.Equal(t, secret, got.Details["client_secret"])
}

func anyMap(in map[string]string) m {
	out := m{}
	for name, v := range in {
		out[name] = v
	}
	return out
}

// What the service works out itself it does not take back, and Apple's private key it never gives.
func TestUpdatingAProviderSendsNothingTheServiceRefuses(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newAdmin(t, srv)
	describe := func(kind, details string) {
		text := `{"IdentityProvider":{"ProviderName":"P","ProviderType":"` + kind + `","ProviderDetails":` + details + `}}`
		answerWith(srv, map[string]string{"DescribeIdentityProvider": text, "UpdateIdentityProvider": text})
	}
	describe("SAML", `{"MetadataURL":"u","ActiveEncryptionCertificate":"c","SLORedirectBindingURI":"s","SSORedirectBindingURI":"t"}`)
	_, err := c.AdminUpdateIdentityProvider(t.Context(), "P", func(p *cognito.IdentityProvider) { p.Details["IDPInit"] = "true" })
	require.NoError(t, err)
	assert.Equal(t, m{"MetadataURL": "u", "IDPInit": "true"}, lastCall(srv).Body["ProviderDetails"])

	describe("SignInWithApple", `{"client_id":"i","key_id":"k","team_id":"t"}`)
	_, err = c.AdminUpdateIdentityProvider(t.Context(), "P", func(p *cognito.IdentityProvider) { p.Identifiers = []string{"apple"} })
	require.NoError(t, err)
	assert.NotContains(t, lastCall(srv).Body, "ProviderDetails")
	before := len(srv.Requests())
	_, err = c.AdminUpdateIdentityProvider(t.Context(), "P", func(p *cognito.IdentityProvider) { p.Details["key_id"] = "l" })
	require.ErrorContains(t, err, "want private_key as well")
	assert.Len(t, srv.Requests(), before+1, "it was only read")
	_, err = c.AdminUpdateIdentityProvider(t.Context(), "P", func(p *cognito.IdentityProvider) { p.Type, p.Details["key_id"] = "OIDC", "l" })
	require.ErrorContains(t, err, "want private_key as well", "the type is what it was")
	_, err = c.AdminUpdateIdentityProvider(t.Context(), "P", func(p *cognito.IdentityProvider) { p.Details = nil })
	require.ErrorContains(t, err, "provider details: want ")
	assert.Len(t, srv.Requests(), before+3)
	_, err = c.AdminUpdateIdentityProvider(t.Context(), "P", func(p *cognito.IdentityProvider) { p.Details["private_key"] = "x" })
	require.NoError(t, err)
	assert.Equal(t, m{"client_id": "i", "key_id": "k", "team_id": "t", "private_key": "x"}, lastCall(srv).Body["ProviderDetails"])
}

func TestConflictsAreReported(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newAdmin(t, srv)
	_, err := c.AdminCreateIdentityProvider(t.Context(), okta)
	require.NoError(t, err)
	answerWith(srv, map[string]string{"UpdateIdentityProvider": "!ConcurrentModificationException", "UpdateUserPoolClient": "!ConcurrentModificationException"})
	before := len(srv.Requests())
	_, err = c.AdminUpdateIdentityProvider(t.Context(), "Okta", func(*cognito.IdentityProvider) {})
	require.ErrorIs(t, err, cognito.ErrConflict)
	_, err = c.AdminUpdateUserPoolClient(t.Context(), srv.ClientID, func(*cognito.UserPoolClient) {})
	require.ErrorIs(t, err, cognito.ErrConflict)
	assert.Len(t, srv.Requests(), before+4, "it is for the caller to decide anew, so nothing is repeated")
}

// An update whose fate is unknown must not be sent again: meanwhile someone else may have written.
func TestUpdatesAreSentOnce(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newAdmin(t, srv)
	_, err := c.AdminCreateIdentityProvider(t.Context(), okta)
	require.NoError(t, err)
	srv.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.Header.Get("X-Amz-Target"), ".Update") {
			return false
		}
		w.WriteHeader(http.StatusInternalServerError)
		return true
	})
	before := len(srv.Requests())
	require.Error(t, err1(c.AdminUpdateIdentityProvider(t.Context(), "Okta", func(*cognito.IdentityProvider) {})))
	require.Error(t, err1(c.AdminUpdateUserPoolClient(t.Context(), srv.ClientID, func(*cognito.UserPoolClient) {})))
	assert.Len(t, srv.Requests(), before+4, "each is read and written once")
}

// The service sets what an update leaves out to its default, which pycognito's update does to all
// it is not given.
func TestUpdatingAnAppClientKeepsTheRest(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newAdmin(t, srv)
	settings := m{
		"ClientName": "web", "AccessTokenValidity": 1.0, "IdTokenValidity": 2.0, "RefreshTokenValidity": 3.0, "AuthSessionValidity": 4.0,
		"AllowedOAuthFlows": []any{"code"}, "AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthScopes": []any{"openid"},
		"AnalyticsConfiguration": m{"ApplicationId": "x"}, "CallbackURLs": []any{"https://a"}, "LogoutURLs": []any{"https://b"},
		"DefaultRedirectURI": "https://a", "EnablePropagateAdditionalUserContextData": true, "EnableTokenRevocation": false,
		"ExplicitAuthFlows": []any{"ALLOW_USER_SRP_AUTH"}, "PreventUserExistenceErrors": "ENABLED", "ReadAttributes": []any{"email"},
		"WriteAttributes": []any{"name"}, "RefreshTokenRotation": m{"Feature": "ENABLED", "RetryGracePeriodSeconds": 10.0},
		"SupportedIdentityProviders": []any{"COGNITO"}, "TokenValidityUnits": m{"AccessToken": "hours"},
	}
	described := maps.Clone(settings)
	maps.Copy(described, m{"UserPoolId": srv.UserPoolID, "ClientId": srv.ClientID, "ClientSecret": secret, "CreationDate": 1.7e9, "LastModifiedDate": 1.7e9})
	text, err := json.Marshal(m{"UserPoolClient": described})
	require.NoError(t, err)
	answerWith(srv, map[string]string{"DescribeUserPoolClient": string(text), "UpdateUserPoolClient": string(text)})

	got, err := c.AdminUpdateUserPoolClient(t.Context(), srv.ClientID, func(app *cognito.UserPoolClient) {
		app.Settings.ClientName = aws.String("web 2")
		app.Settings.ClientId, app.Settings.UserPoolId, app.Secret = aws.String("other"), aws.String("other"), "other" // no effect
	})
	require.NoError(t, err)
	settings["ClientName"], settings["UserPoolId"], settings["ClientId"] = "web 2", srv.UserPoolID, srv.ClientID
	assert.Equal(t, settings, lastCall(srv).Body)
	for _, field := range reflect.VisibleFields(reflect.TypeFor[cognitoidentityprovider.UpdateUserPoolClientInput]()) {
		if field.IsExported() && len(field.Index) == 1 {
			assert.Contains(t, settings, field.Name, "it is lost") // settings has a value for each
		}
	}
	assert.Equal(t, secret, got.Secret)
	assert.Nil(t, got.Settings.ClientSecret)
}

func TestAppClients(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{secretClient()}})
	c := newAdmin(t, srv)
	got, err := c.DescribeUserPoolClient(t.Context(), testClient)
	require.NoError(t, err)
	assert.Equal(t, testSecret, got.Secret)
	_, err = c.AdminUpdateUserPoolClient(t.Context(), testClient, func(app *cognito.UserPoolClient) {
		app.Settings.ClientName = aws.String("renamed")
	})
	require.NoError(t, err)
	after, err := c.DescribeUserPoolClient(t.Context(), testClient)
	require.NoError(t, err)
	assert.Equal(t, "renamed", aws.ToString(after.Settings.ClientName))
	assert.Equal(t, got.Settings.ExplicitAuthFlows, after.Settings.ExplicitAuthFlows)
	seen := 0
	for client, err := range c.UserPoolClients(t.Context()) {
		require.NoError(t, err)
		assert.Equal(t, testClient, aws.ToString(client.ClientId))
		seen++
	}
	assert.Equal(t, 1, seen)
	_, err = c.DescribeUserPoolClient(t.Context(), "unknown")
	require.ErrorContains(t, err, "ResourceNotFoundException")
}

func TestBadProviderArgumentsAreRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newAdmin(t, srv)
	create := func(p cognito.IdentityProvider) error { return err1(c.AdminCreateIdentityProvider(t.Context(), p)) }
	for want, err := range map[string]error{
		"provider name: ":    create(cognito.IdentityProvider{Type: okta.Type, Details: okta.Details}),
		"provider type: ":    create(cognito.IdentityProvider{Name: "x", Details: okta.Details}),
		"provider details: ": create(cognito.IdentityProvider{Name: "x", Type: okta.Type}),
		"provider name: w":   err1(c.AdminDescribeIdentityProvider(t.Context(), "")),
		"provider name: wa":  c.AdminDeleteIdentityProvider(t.Context(), ""),
		"change: ":           err1(c.AdminUpdateIdentityProvider(t.Context(), "x", nil)),
		"change: w":          err1(c.AdminUpdateUserPoolClient(t.Context(), testClient, nil)),
		"client ID: ":        err1(c.DescribeUserPoolClient(t.Context(), "")),
	} {
		require.ErrorContains(t, err, want)
	}
	assert.Empty(t, srv.Requests())
}

func TestAnswersWithoutTheThingAskedForAreErrors(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newAdmin(t, srv)
	answerWith(srv, map[string]string{
		"CreateIdentityProvider": "{}", "DescribeIdentityProvider": "{}", "DescribeUserPoolClient": "{}", "GetGroup": "{}", "AdminCreateUser": "{}",
	})
	ctx := context.Background()
	for _, err := range []error{
		err1(c.AdminCreateIdentityProvider(ctx, okta)), err1(c.AdminDescribeIdentityProvider(ctx, "Okta")),
		err1(c.DescribeUserPoolClient(ctx, testClient)), err1(c.GetGroup(ctx, "g")), err1(c.AdminCreateUser(ctx, "dave", nil)),
	} {
		require.ErrorContains(t, err, "the service's answer: want")
	}
}

func TestAdministrationPrintsNoSecret(t *testing.T) {
	t.Parallel()
	app := cognito.UserPoolClient{Settings: types.UserPoolClientType{ClientName: aws.String("web"), ClientId: aws.String("id")}, Secret: secret}
	srv, c := poolWithCarol(t)
	withSecret := newClient(t, srv, cognito.WithClientSecret(secret), cognito.WithTokens(cognito.Tokens{AccessToken: secret}))
	user := withSecret.UserFromAttributes("carol", []types.AttributeType{{Name: aws.String("custom:pin"), Value: aws.String(secret)}})
	answerWith(srv, map[string]string{"AdminCreateUser": "!InvalidPasswordException", "CreateIdentityProvider": "!InvalidParameterException"})
	_, errCreate := c.AdminCreateUser(t.Context(), "x", nil, cognito.TemporaryPassword(secret))
	_, errProvider := c.AdminCreateIdentityProvider(t.Context(), okta)
	values := map[string]any{
		"IdentityProvider": okta, "*IdentityProvider": &okta, "UserPoolClient": app, "*UserPoolClient": &app, "User": *user, "*User": user,
		"providers": []cognito.IdentityProvider{okta}, "clients": map[string]*cognito.UserPoolClient{"x": &app},
		"holder": struct {
			P cognito.IdentityProvider
			C *cognito.UserPoolClient
		}{okta, &app},
		"option": cognito.TemporaryPassword(secret), "create": errCreate, "provider": errProvider,
		"password": c.ChangePassword(t.Context(), secret, secret), "set password": c.AdminSetPassword(t.Context(), "nobody", secret, true),
		"forgot": c.ConfirmForgotPassword(t.Context(), secret, secret), "user's password": errors.Join(errCreate),
	}
	for name, v := range values {
		for how, text := range prints.All(v) {
			assert.NotContains(t, text, secret, "%s with %s", name, how)
			assert.NotContains(t, text, fmt.Sprintf("%x", secret), "%s with %s", name, how)
		}
	}
	for _, v := range []any{okta, app} {
		text, err := json.Marshal(v)
		require.NoError(t, err)
		assert.NotContains(t, string(text), secret)
	}
	assert.Equal(t, "IdentityProvider{Okta, OIDC} UserPoolClient{web, id} User{carol}", fmt.Sprint(okta, &app, user))
}

// Google is a social provider, Okta one of OpenID Connect, and bob a local user.
func newLinks(t *testing.T) (*cognitotest.Server, *cognito.Cognito) {
	t.Helper()
	srv := newServer(t, cognitotest.Config{})
	c := newAdmin(t, srv)
	google := cognito.IdentityProvider{Name: "Google", Type: types.IdentityProviderTypeTypeGoogle, Details: map[string]string{"client_id": "x"}}
	for _, p := range []cognito.IdentityProvider{okta, google} {
		_, err := c.AdminCreateIdentityProvider(t.Context(), p)
		require.NoError(t, err)
	}
	return srv, c
}

func TestLinkingIdentities(t *testing.T) {
	t.Parallel()
	srv, c := newLinks(t)
	ctx := t.Context()
	bob, google := cognito.LocalUser("bob"), cognito.FederatedUser("Google", "1234")
	require.NoError(t, c.AdminLinkProviderForUser(ctx, bob, google))
	require.NoError(t, c.AdminLinkProviderForUser(ctx, bob, cognito.FederatedUserByAttribute("Okta", "email", "bob@example.com")))
	user, err := c.AdminGetUser(ctx, "bob")
	require.NoError(t, err)
	assert.Contains(t, user.Attributes["identities"], `"userId":"1234","providerName":"Google"`)
	require.ErrorIs(t, c.AdminLinkProviderForUser(ctx, bob, google), cognito.ErrIdentityLinked)
	require.ErrorIs(t, c.AdminLinkProviderForUser(ctx, cognito.LocalUser("nobody"), cognito.FederatedUser("Okta", "9")), cognito.ErrUserNotFound)
	require.ErrorIs(t, c.AdminLinkProviderForUser(ctx, bob, cognito.FederatedUser("Corp", "9")), cognito.ErrProviderNotFound)
	srv.AddUser(cognitotest.User{Username: "Google_5678"})
	require.ErrorIs(t, c.AdminLinkProviderForUser(ctx, bob, cognito.FederatedUser("Google", "5678")), cognito.ErrIdentityExists)
	require.NoError(t, c.AdminLinkProviderForUser(ctx, cognito.FederatedUser("Google", "5678"), cognito.FederatedUser("Okta", "8")))

	require.NoError(t, c.AdminDisableProviderForUser(ctx, google))
	require.ErrorIs(t, c.AdminDisableProviderForUser(ctx, google), cognito.ErrUserNotFound)
	require.NoError(t, c.AdminLinkProviderForUser(ctx, bob, google))
	require.NoError(t, c.AdminDisableProviderForUser(ctx, bob))
	require.ErrorIs(t, newClient(t, srv, cognito.WithUsername("bob")).Authenticate(ctx, testPassword), cognito.ErrInvalidCredentials)
}

func TestIdentitiesThatAreRefusedBeforeSending(t *testing.T) {
	t.Parallel()
	srv, c := newLinks(t)
	before := len(srv.Requests())
	bob, google := cognito.LocalUser("bob"), cognito.FederatedUser("Google", "1")
	for _, tt := range []struct {
		destination, source cognito.Identity
		want                string
	}{
		{cognito.Identity{}, google, "destination: want one from LocalUser, FederatedUser or FederatedUserByAttribute, got none"},
		{bob, cognito.Identity{}, "source: want one from LocalUser, FederatedUser or FederatedUserByAttribute, got none"},
		{google, bob, "source: want a user of an identity provider, got a local user"},
		{google, google, "source: want another user than the destination, got the same"},
		{cognito.FederatedUserByAttribute("Okta", "email", "x"), google, "destination: want LocalUser or FederatedUser, got another attribute"},
		{bob, cognito.FederatedUserByAttribute("Google", "email", "x"), `source: want the user's ID at Google, got the attribute "email"`},
		{bob, cognito.FederatedUserByAttribute("LoginWithAmazon", "email", "x"), `source: want the user's ID at LoginWithAmazon, got the attribute "email"`},
		{bob, cognito.FederatedUser("COGNITO", "x"), `source: want LocalUser for a user of the pool itself, got the provider "COGNITO"`},
		{bob, cognito.FederatedUserByAttribute("Cognito", "email", "x"), `source: want the user's ID at Cognito, got the attribute "email"`},
		{bob, cognito.FederatedUser("", "1"), "source: want the name of an identity provider of the pool, got none"},
		{bob, cognito.FederatedUser("Okta", ""), "source: want the ID of the Okta user, got none"},
		{cognito.LocalUser(""), google, "destination: want the ID of the Cognito user, got none"},
		{bob, cognito.FederatedUserByAttribute("Okta", "", "x"), "source: want the name of an attribute, got none"},
	} {
		err := c.AdminLinkProviderForUser(t.Context(), tt.destination, tt.source)
		require.EqualError(t, err, "cognito: AdminLinkProviderForUser: "+tt.want)
		require.ErrorIs(t, err, cognito.ErrInvalidArgument)
	}
	require.EqualError(t, c.AdminDisableProviderForUser(t.Context(), cognito.Identity{}),
		"cognito: AdminDisableProviderForUser: user: want one from LocalUser, FederatedUser or FederatedUserByAttribute, got none")
	assert.Len(t, srv.Requests(), before)
}

func TestIdentityString(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "no identity", cognito.Identity{}.String())
	assert.Equal(t, "Cognito user bob", cognito.LocalUser("bob").String())
	assert.Equal(t, "Google user 1", cognito.FederatedUser("Google", "1").String())
	assert.Equal(t, "Okta user with email x", cognito.FederatedUserByAttribute("Okta", "email", "x").String())
}

// A link whose answer was lost is not made again by itself: the service would call it linked.
func TestLinkIsSentOnce(t *testing.T) {
	t.Parallel()
	srv, _ := newLinks(t)
	c := newAdmin(t, srv, cognito.WithClientOptions(noBackoff))
	before := len(srv.Requests())
	answer(srv, "AdminLinkProviderForUser", 500, map[string]any{"__type": "InternalErrorException"})
	require.Error(t, c.AdminLinkProviderForUser(t.Context(), cognito.LocalUser("bob"), cognito.FederatedUser("Google", "1")))
	assert.Len(t, srv.Requests(), before+1)
}

// A secret is rotated with no moment in which programs with either secret cannot sign in.
func TestRotatingAClientSecret(t *testing.T) {
	t.Parallel()
	client := secretClient()
	client.ExplicitAuthFlows = append(client.ExplicitAuthFlows, "ALLOW_USER_AUTH")
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{client}})
	ctx := t.Context()
	admin := newAdmin(t, srv)
	signIn := func(secret string) error {
		c := newClient(t, srv, cognito.WithClientSecret(secret), cognito.WithUsername("bob"))
		if err := c.Authenticate(ctx, testPassword); err != nil {
			return err
		}
		if err := c.RenewAccessToken(ctx); err != nil {
			return err
		}
		return c.RevokeToken(ctx)
	}
	require.NoError(t, signIn(testSecret))
	secrets, err := admin.ListUserPoolClientSecrets(ctx, testClient)
	require.NoError(t, err)
	require.Len(t, secrets, 1)
	old := secrets[0]
	assert.NotEmpty(t, old.ID)
	assert.Empty(t, old.Value)
	assert.WithinDuration(t, srv.Now(), old.Created, time.Minute)
	require.ErrorContains(t, admin.DeleteUserPoolClientSecret(ctx, testClient, old.ID), "InvalidParameterException", "the last one")

	added, err := admin.AddUserPoolClientSecret(ctx, testClient, "")
	require.NoError(t, err)
	assert.GreaterOrEqual(t, len(added.Value), 24)
	assert.NotEqual(t, old.ID, added.ID)
	_, err = admin.AddUserPoolClientSecret(ctx, testClient, "")
	require.ErrorIs(t, err, cognito.ErrLimitExceeded)
	require.NoError(t, signIn(testSecret))
	require.NoError(t, signIn(added.Value))
	require.ErrorIs(t, signIn("another-secret"), cognito.ErrSecretHash)

	require.NoError(t, admin.DeleteUserPoolClientSecret(ctx, testClient, old.ID))
	require.ErrorIs(t, signIn(testSecret), cognito.ErrSecretHash)
	require.NoError(t, signIn(added.Value))
	described, err := admin.DescribeUserPoolClient(ctx, testClient)
	require.NoError(t, err)
	assert.Equal(t, added.Value, described.Secret)

	own := "a_secret+of24characters1"
	given, err := admin.AddUserPoolClientSecret(ctx, testClient, own)
	require.NoError(t, err)
	assert.Equal(t, own, given.Value, "the service does not say it again")
	require.NoError(t, signIn(own))
}

func TestClientSecretArguments(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newAdmin(t, srv)
	ctx := t.Context()
	public, err := c.ListUserPoolClientSecrets(ctx, srv.ClientID)
	require.NoError(t, err)
	assert.Nil(t, public)
	before := len(srv.Requests())
	for _, bad := range []string{"hush-hush-hush-hush-hush-hush", "short", strings.Repeat("x", 65), strings.Repeat("é", 24)} {
		_, err := c.AddUserPoolClientSecret(ctx, srv.ClientID, bad)
		require.EqualError(t, err, "cognito: AddUserPoolClientSecret: secret: want 24 to 64 letters, digits, + and _, or none")
	}
	_, err = c.AddUserPoolClientSecret(ctx, "", "")
	require.ErrorContains(t, err, "cognito: AddUserPoolClientSecret: client ID: ")
	_, err = c.ListUserPoolClientSecrets(ctx, "")
	require.ErrorContains(t, err, "cognito: ListUserPoolClientSecrets: client ID: ")
	require.ErrorContains(t, c.DeleteUserPoolClientSecret(ctx, "", "x"), "cognito: DeleteUserPoolClientSecret: client ID: ")
	require.EqualError(t, c.DeleteUserPoolClientSecret(ctx, srv.ClientID, ""), "cognito: DeleteUserPoolClientSecret: secret ID: want the ID of a client secret, got none")
	assert.Len(t, srv.Requests(), before)
	for _, ok := range []string{strings.Repeat("x", 64), strings.Repeat("x", 24)} {
		_, err = c.AddUserPoolClientSecret(ctx, srv.ClientID, ok)
		require.ErrorContains(t, err, "The app client has no secret.")
	}
	var missing *types.ResourceNotFoundException
	_, err = c.ListUserPoolClientSecrets(ctx, "0nobodys0client0")
	require.ErrorAs(t, err, &missing)

	before = len(srv.Requests())
	answer(srv, "AddUserPoolClientSecret", 500, map[string]any{"__type": "InternalServerException"})
	_, err = newAdmin(t, srv, cognito.WithClientOptions(noBackoff)).AddUserPoolClientSecret(ctx, srv.ClientID, "")
	require.Error(t, err)
	assert.True(t, cognito.IsTemporary(err))
	assert.Len(t, srv.Requests(), before+1, "a secret that was made twice would be one too many")
	answer(srv, "AddUserPoolClientSecret", 200, map[string]any{})
	_, err = c.AddUserPoolClientSecret(ctx, srv.ClientID, "")
	require.ErrorContains(t, err, "want a client secret, got none")
}
