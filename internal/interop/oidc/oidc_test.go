package oidc

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/gocognito/cognito/cognitotest"
)

const (
	clientID = "1example23456789abcdefghij"
	machine  = "2machine23456789abcdefghij"
	secret   = "ps50nb7hd1umdnmlt1xa9nwiscqvdvzy5ijw63vcacd09yihc2"
	password = "Correct-Horse-1"
	scope    = "https://orders.example.com/read"
)

// app is an application that signs its users in with the pool's pages.
type app struct {
	*oauth2.Config

	t        *testing.T
	srv      *cognitotest.Server
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
	callback chan url.Values
}

func newApp(t *testing.T, secret string, style oauth2.AuthStyle) *app {
	t.Helper()
	a := &app{t: t, callback: make(chan url.Values, 1)}
	web := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { a.callback <- r.URL.Query() }))
	t.Cleanup(web.Close)
	redirect := web.URL + "/callback"
	a.srv = cognitotest.NewServer(cognitotest.Config{
		ResourceServers: []cognitotest.ResourceServer{{Identifier: "https://orders.example.com", Scopes: []string{"read"}}},
		Clients: []cognitotest.Client{
			{ID: clientID, Secret: secret, AllowedOAuthFlows: []string{"code"}, CallbackURLs: []string{redirect}},
			{ID: machine, Secret: "machine" + secret + "0", AllowedOAuthFlows: []string{"client_credentials"}},
		},
	})
	t.Cleanup(a.srv.Close)
	a.srv.AddUser(cognitotest.User{Username: "ana", Password: password, Attributes: map[string]string{"email": "ana@example.com", "email_verified": "true"}})
	var err error
	if a.provider, err = oidc.NewProvider(t.Context(), a.srv.Issuer()); err != nil {
		t.Fatal(err)
	}
	a.verifier = a.provider.Verifier(&oidc.Config{ClientID: clientID})
	endpoint := a.provider.Endpoint()
	endpoint.AuthStyle = style
	a.Config = &oauth2.Config{
		ClientID: clientID, ClientSecret: secret, Endpoint: endpoint, RedirectURL: redirect,
		Scopes: []string{oidc.ScopeOpenID, "email", scope},
	}
	return a
}

var action = regexp.MustCompile(`action="([^"]+)"`)

// signIn fills in the form on the pool's pages, and returns what the application is called back with.
func (a *app) signIn(authURL string) url.Values {
	a.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		a.t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	page := a.send(browser, http.MethodGet, authURL, nil)
	found := action.FindStringSubmatch(page)
	if found == nil {
		a.t.Fatalf("there is no form:\n%s", page)
	}
	target := a.srv.URL + strings.NewReplacer("&amp;", "&", "&#43;", "+").Replace(found[1])
	a.send(browser, http.MethodPost, target, url.Values{"username": {"ana"}, "password": {password}})
	select {
	case values := <-a.callback:
		return values
	case <-time.After(10 * time.Second):
		a.t.Fatal("the browser did not come back")
		return nil
	}
}

func (a *app) send(browser *http.Client, method, target string, form url.Values) string {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), method, target, strings.NewReader(form.Encode()))
	if err != nil {
		a.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := browser.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return string(body)
}

func TestCodeWithPKCE(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		secret string
		style  oauth2.AuthStyle
	}{
		"public client":     {"", oauth2.AuthStyleInParams},
		"secret in header":  {secret, oauth2.AuthStyleInHeader},
		"secret in body":    {secret, oauth2.AuthStyleInParams},
		"style found out":   {secret, oauth2.AuthStyleAutoDetect},
		"plus in a secret":  {secret + "+plus", oauth2.AuthStyleInHeader},
		"plus, in the body": {secret + "+plus", oauth2.AuthStyleInParams},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			a := newApp(t, tt.secret, tt.style)
			verifier := oauth2.GenerateVerifier()
			callback := a.signIn(a.AuthCodeURL("a state", oidc.Nonce("a nonce"), oauth2.S256ChallengeOption(verifier)))
			if callback.Get("state") != "a state" {
				t.Fatalf("state: got %q", callback.Get("state"))
			}
			token, err := a.Exchange(ctx, callback.Get("code"), oauth2.VerifierOption(verifier))
			if err != nil {
				t.Fatal(err)
			}
			raw, _ := token.Extra("id_token").(string)
			id, err := a.verifier.Verify(ctx, raw)
			if err != nil {
				t.Fatal(err)
			}
			if id.Nonce != "a nonce" || id.AccessTokenHash == "" {
				t.Fatalf("nonce %q, at_hash %q", id.Nonce, id.AccessTokenHash)
			}
			if err := id.VerifyAccessToken(token.AccessToken); err != nil {
				t.Fatal(err)
			}
			info, err := a.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
			if err != nil {
				t.Fatal(err)
			}
			if info.Subject != id.Subject || info.Email != "ana@example.com" || !info.EmailVerified {
				t.Fatalf("user info: %+v", info)
			}
			refreshed, err := a.TokenSource(ctx, &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
			if err != nil {
				t.Fatal(err)
			}
			if refreshed.AccessToken == token.AccessToken || refreshed.RefreshToken != token.RefreshToken {
				t.Fatal("a refresh brings another access token, and leaves the refresh token")
			}
		})
	}
}

// refusal is the error code of the token endpoint; "" for none.
func refusal(err error) string {
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return refused.ErrorCode
	}
	return ""
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	a := newApp(t, "", oauth2.AuthStyleInParams)
	code := func(verifier string) string {
		t.Helper()
		location, err := url.Parse(a.srv.Authorize(a.AuthCodeURL("s", oidc.Nonce("n"), oauth2.S256ChallengeOption(verifier)), "ana"))
		if err != nil || location.Query().Get("code") == "" {
			t.Fatalf("%v, %v", location, err)
		}
		return location.Query().Get("code")
	}
	verifier := oauth2.GenerateVerifier()
	_, err := a.Exchange(t.Context(), code(verifier), oauth2.VerifierOption(oauth2.GenerateVerifier()))
	if refusal(err) != "invalid_grant" {
		t.Errorf("wrong verifier: %v", err)
	}
	_, err = a.Exchange(t.Context(), code(verifier))
	if refusal(err) != "invalid_grant" {
		t.Errorf("no verifier: %v", err)
	}
	good := code(verifier)
	if _, err = a.Exchange(t.Context(), good, oauth2.VerifierOption(verifier)); err != nil {
		t.Error(err)
	}
	_, err = a.Exchange(t.Context(), good, oauth2.VerifierOption(verifier))
	if refusal(err) != "invalid_grant" {
		t.Errorf("reused code: %v", err)
	}
	foreign := *a.Config
	foreign.RedirectURL = "https://evil.example.com/callback"
	if location := a.srv.Authorize(foreign.AuthCodeURL("s"), "ana"); location != a.srv.URL+"/error?client_id="+clientID+"&error=redirect_mismatch" {
		t.Errorf("foreign redirect URI: %s", location)
	}
	_, err = foreign.Exchange(t.Context(), code(verifier), oauth2.VerifierOption(verifier))
	if refusal(err) != "invalid_grant" {
		t.Errorf("foreign redirect URI in the exchange: %v", err)
	}
}

func TestClientCredentials(t *testing.T) {
	t.Parallel()
	a := newApp(t, secret, oauth2.AuthStyleInHeader)
	for _, style := range []oauth2.AuthStyle{oauth2.AuthStyleInHeader, oauth2.AuthStyleInParams} {
		config := &clientcredentials.Config{
			ClientID: machine, ClientSecret: "machine" + secret + "0", TokenURL: a.Endpoint.TokenURL, Scopes: []string{scope}, AuthStyle: style,
		}
		token, err := config.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		// It is no ID token, but its signature is the pool's.
		verified, err := a.provider.VerifierContext(t.Context(), &oidc.Config{SkipClientIDCheck: true}).Verify(context.WithoutCancel(t.Context()), token.AccessToken)
		if err != nil {
			t.Fatal(err)
		}
		if verified.Subject != machine {
			t.Fatalf("subject: got %q", verified.Subject)
		}
		config.ClientSecret = "wrong"
		if _, err = config.Token(t.Context()); refusal(err) != "invalid_client" {
			t.Fatalf("wrong secret: %v", err)
		}
	}
}
