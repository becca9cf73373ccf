package cognito

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/gocognito/cognito/internal/backoff"
	"github.com/gocognito/cognito/internal/flight"
)

const (
	loginValidity = 15 * time.Minute // of a LoginAttempt
	oauthTimeout  = 30 * time.Second // of a request to the authorization server

	scopeOpenID = "openid"
)

// These are the reasons why a sign-in on the pool's pages, or a request for a machine's token,
// fails. [ErrFlowNotEnabled], [ErrSecretHash], [ErrLambda] and [ErrThrottled] match, too.
var (
	// ErrLoginAttempt means that the callback does not belong to the attempt, or that the attempt
	// does not belong to this application. The user may have started another sign-in, or an
	// attacker may be trying to sign the user in to the attacker's session.
	ErrLoginAttempt = errors.New("the callback does not belong to this sign-in")
	// ErrLoginExpired means that the user took too long. Start the sign-in again.
	ErrLoginExpired = errors.New("the sign-in took too long, begin it again")
	// ErrLoginRequired means that the user is not signed in, and that WithPrompt("none") shows no
	// page.
	ErrLoginRequired = errors.New("the user must sign in")
	// ErrAccessDenied means that the user or the identity provider declined.
	ErrAccessDenied = errors.New("the user or the identity provider declined")
	// ErrInvalidGrant means that the authorization code was used before, has expired, or was issued
	// for another app client, redirect URL or attempt.
	ErrInvalidGrant = errors.New("the authorization code is spent, expired or another application's")
	// ErrInvalidScope means that the app client does not allow one of the scopes.
	ErrInvalidScope = errors.New("a scope is unknown or not enabled for the app client")
	// ErrTokenNonce means that the ID token was not issued for this sign-in.
	ErrTokenNonce = fmt.Errorf("%w: its nonce is not that of the sign-in", jwt.ErrTokenInvalidClaims)
)

// OAuthError is an error response of the pool's authorization server, in a callback or to a request
// for tokens. Match its reasons, such as [ErrInvalidGrant] and [ErrAccessDenied], with [errors.Is].
type OAuthError struct {
	// Code is OAuth's error code, such as "invalid_grant". It is empty if the response had none.
	Code string
	// Description is the server's text. It is empty if the response had none. The text may come
	// from an identity provider or a Lambda function.
	Description string
	// StatusCode is the HTTP status of the response. It is 0 for an error in a callback.
	StatusCode int
}

// Error returns the code and the description on one line. Their length is bounded.
func (e *OAuthError) Error() string {
	text := "the authorization server rejected the request"
	switch {
	case e.Code != "":
		text += ": " + clip(e.Code)
	case e.StatusCode != 0:
		text += fmt.Sprintf(" with HTTP status %d", e.StatusCode)
	}
	if e.Description != "" {
		text += ": " + clip(e.Description)
	}
	return text
}

// HTTPStatusCode returns StatusCode.
func (e *OAuthError) HTTPStatusCode() int { return e.StatusCode }

// Is reports whether target is a reason of the error.
func (e *OAuthError) Is(target error) bool {
	switch target {
	case ErrAccessDenied:
		return e.Code == "access_denied"
	case ErrLoginRequired:
		return e.Code == "login_required" || e.Code == "interaction_required"
	case ErrInvalidGrant:
		return e.Code == "invalid_grant" && !e.fromLambda()
	case ErrInvalidScope: // the service says invalid_request, and the rest in the description
		return e.Code == "invalid_scope" || e.Code == "invalid_request" && e.Description == "invalid_scope"
	case ErrFlowNotEnabled:
		return e.Code == "unauthorized_client"
	case ErrSecretHash:
		return e.Code == "invalid_client"
	case ErrLambda:
		return e.fromLambda()
	case ErrThrottled:
		return e.StatusCode == http.StatusTooManyRequests
	default:
		return false
	}
}

// fromLambda reports whether a Lambda function rejected the request. The description then has the
// form of the messages of the service's operations.
func (e *OAuthError) fromLambda() bool { return strings.Contains(e.Description, " failed with error ") }

// ManagedLogin signs users in on the pool's own pages (managed login, formerly the hosted UI),
// where the pool's identity providers are available, too. It is safe for concurrent use. Create one
// with [Cognito.ManagedLogin].
type ManagedLogin struct {
	c      *Cognito
	domain string // scheme and host
	loginOptions
}

// Format prints the domain and the app client, for every verb.
func (m ManagedLogin) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "ManagedLogin{"+m.domain+", client "+m.c.shared().clientID+"}")
}

// LogValue returns the domain and the app client.
func (m ManagedLogin) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(m)) }

// ManagedLogin returns the pages of the pool's domain. domain is a custom domain such as
// auth.example.com, the prefix of an Amazon Cognito domain, or a URL. A URL may use plain HTTP for
// a loopback address only. If domain is empty, the domain of [WithDomain] is used. opts are the
// defaults for [ManagedLogin.AuthCodeURL]. It does no I/O. An error names the argument or option
// and what was expected.
func (c *Cognito) ManagedLogin(domain string, opts ...LoginOption) (*ManagedLogin, error) {
	m, err := c.managedLogin(domain, opts)
	return m, wrapError("ManagedLogin", err)
}

func (c *Cognito) managedLogin(domain string, opts []LoginOption) (*ManagedLogin, error) {
	if c == nil || c.pool == nil || c.session == nil {
		return nil, errNotMade
	}
	m := &ManagedLogin{c: c, domain: c.pool.domain}
	if domain != "" || m.domain == "" {
		region, _ := splitPoolID(c.pool.id)
		var err error
		if m.domain, err = domainURL("domain", domain, region); err != nil {
			return nil, err
		}
	}
	return m, m.apply(opts)
}

// domainURL returns the scheme and host of a pool's domain, or of the Amazon Cognito domain with
// the prefix domain.
func domainURL(field, domain, region string) (string, error) {
	const want = "want a domain such as auth.example.com, a prefix such as my-app, or a URL with https"
	if !strings.ContainsAny(domain, ".:/") {
		if domain == "" || !allOf(domain, isAlphanumeric, "-") {
			return "", fieldError(field, want+", got "+quote(domain))
		}
		return prefixURL(field, domain, region)
	}
	if !strings.Contains(domain, "://") {
		domain = "https://" + domain
	}
	u, err := url.Parse(domain)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil,
		u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		return "", fieldError(field, want+" without user, path and query")
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		return "", fieldError(field, "want https, or http for a loopback address, got "+quote(u.Scheme+"://"+u.Host))
	}
	return u.Scheme + "://" + strings.ToLower(u.Host), nil
}

// prefixURL returns the URL of the Amazon Cognito domain with prefix. It returns an error in
// regions for which the form of the domain is not known.
func prefixURL(field, prefix, region string) (string, error) {
	host := ".auth."
	inRegion := func(prefix string) bool { return strings.HasPrefix(region, prefix) }
	switch {
	case inRegion("us-gov-"):
		host = ".auth-fips."
	case slices.ContainsFunc([]string{"cn-", "eusc-", "us-iso", "eu-iso"}, inRegion):
		return "", fieldError(field, "want the full domain in the region "+region+", got the prefix "+quote(prefix))
	}
	return "https://" + strings.ToLower(prefix) + host + region + ".amazoncognito.com", nil
}

// LoginOption configures a [ManagedLogin], or a single sign-in in [ManagedLogin.AuthCodeURL].
type LoginOption func(*loginOptions)

// loginOptions are the parameters of an authorization request, except state, nonce and PKCE.
type loginOptions struct {
	redirectURL string
	scopes      []string
	params      url.Values

	errs []error
}

// apply changes o. It leaves the map that o shares with its copies unchanged.
func (o *loginOptions) apply(opts []LoginOption) error {
	o.errs = nil
	o.params = maps.Clone(o.params)
	if o.params == nil {
		o.params = url.Values{}
	}
	for _, opt := range opts {
		if opt != nil {
			opt(o)
		}
	}
	return errors.Join(o.errs...)
}

// set sets a parameter that must not be empty.
func (o *loginOptions) set(option, name, value string) {
	if value == "" {
		o.errs = append(o.errs, fieldError(option, "want a value, got none"))
	}
	o.params[name] = []string{value}
}

// WithRedirectURL sets the URL that the browser returns to. It must equal one of the app client's
// allowed callback URLs exactly. It is required.
func WithRedirectURL(redirectURL string) LoginOption {
	return func(o *loginOptions) {
		const want = "want an absolute https URL without a fragment, " +
			"http for a loopback address, or an app's own scheme"
		u, err := url.Parse(redirectURL)
		if err != nil || u.Scheme == "" || u.Host == "" || u.Fragment != "" || u.User != nil ||
			u.Scheme == "http" && !isLoopback(u.Hostname()) {
			o.errs = append(o.errs, fieldError("WithRedirectURL", want))
		}
		o.redirectURL = redirectURL
	}
}

// WithLoginScopes sets the scopes to request. The scope "openid" adds an ID token. "email", "phone"
// and "profile" select the attributes in it. "aws.cognito.signin.user.admin" is required for the
// user's own calls, such as [Cognito.GetUser] and [Cognito.Logout]. By default the tokens have all
// scopes of the app client.
func WithLoginScopes(scopes ...string) LoginOption {
	return func(o *loginOptions) {
		if err := checkScopes("WithLoginScopes", scopes); err != nil {
			o.errs = append(o.errs, err)
		}
		o.scopes = slices.Clone(scopes)
	}
}

// checkScopes rejects scopes that OAuth does not allow. The error names field.
func checkScopes(field string, scopes []string) error {
	bad := func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }
	for i, scope := range scopes {
		if scope == "" || strings.ContainsFunc(scope, bad) {
			return fieldError(field, fmt.Sprintf("scope %d: want no spaces, quotation marks and backslashes", i+1))
		}
	}
	return nil
}

// WithIdentityProvider sends the user directly to an identity provider of the pool. name is
// "Google", "Facebook", "LoginWithAmazon", "SignInWithApple", the name of an OpenID Connect or SAML
// provider, or "COGNITO" for the pool itself.
func WithIdentityProvider(name string) LoginOption {
	return func(o *loginOptions) { o.set("WithIdentityProvider", "identity_provider", name) }
}

// WithIDPIdentifier is [WithIdentityProvider] with one of the provider's identifiers, such as the
// domain of a user's e-mail address.
func WithIDPIdentifier(identifier string) LoginOption {
	return func(o *loginOptions) { o.set("WithIDPIdentifier", "idp_identifier", identifier) }
}

// WithLoginHint fills in the username on the pool's sign-in page.
func WithLoginHint(username string) LoginOption {
	return func(o *loginOptions) { o.set("WithLoginHint", "login_hint", username) }
}

// WithLanguage sets the language of the pool's sign-in pages, such as "de".
func WithLanguage(language string) LoginOption {
	return func(o *loginOptions) { o.set("WithLanguage", "lang", language) }
}

// WithPrompt sets what happens if the user is already signed in. "login" asks again. "none" shows
// no page and fails with [ErrLoginRequired] if no user is signed in. "select_account" and "consent"
// are passed on to identity providers. Several values are combined.
func WithPrompt(values ...string) LoginOption {
	return func(o *loginOptions) {
		const want = "want none, login, select_account or consent, got "
		for _, value := range values {
			if !slices.Contains([]string{"none", "login", "select_account", "consent"}, value) {
				o.errs = append(o.errs, fieldError("WithPrompt", want+quote(value)))
			}
		}
		o.set("WithPrompt", "prompt", strings.Join(values, " "))
	}
}

// WithResource binds the access token to an API (RFC 8707). resource is an absolute URL. It becomes
// the aud claim of the access token, which [WithAudience] checks.
func WithResource(resource string) LoginOption {
	return func(o *loginOptions) {
		if u, err := url.Parse(resource); err != nil || u.Scheme == "" || u.Host == "" {
			o.errs = append(o.errs, fieldError("WithResource", "want an absolute URL, got "+quote(resource)))
		}
		o.set("WithResource", "resource", resource)
	}
}

// LoginAttempt is a sign-in between [ManagedLogin.AuthCodeURL] and [ManagedLogin.Exchange]. It
// belongs to the browser that signs in. Keep its JSON, in base64, in a cookie (Secure, HttpOnly,
// SameSite=Lax), and delete the cookie after the exchange. It expires after 15 minutes. It can be
// used only with the authorization code that the same browser returns. Printed or logged, it shows
// no secret. Its fields and its JSON include the secrets.
type LoginAttempt struct {
	// State is returned in the callback, and Nonce in the ID token. Verifier proves to the
	// authorization server that the code is exchanged by the program that requested it (PKCE).
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
	// Domain, ClientID and RedirectURL are those of the authorization request. The exchange uses
	// the same ones.
	Domain      string `json:"domain"`
	ClientID    string `json:"client_id"`
	RedirectURL string `json:"redirect_url"`
	// ExpiresAt is the time when the attempt expires.
	ExpiresAt time.Time `json:"expires_at"`
}

// Format prints the domain and when the attempt expires, for every verb.
func (a LoginAttempt) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "LoginAttempt{at "+a.Domain+", expires "+stamp(a.ExpiresAt)+"}")
}

// LogValue returns the domain and when the attempt expires.
func (a LoginAttempt) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(a)) }

// config returns the configuration for package oauth2.
func (m *ManagedLogin) config(redirectURL, secret string) *oauth2.Config {
	return &oauth2.Config{
		ClientID: m.c.shared().clientID, ClientSecret: secret, RedirectURL: redirectURL, Scopes: m.scopes,
		Endpoint: oauth2.Endpoint{
			AuthURL: m.domain + "/oauth2/authorize", TokenURL: m.domain + "/oauth2/token",
			AuthStyle: oauth2.AuthStyleInParams, // servers disagree on how a plus sign in a header is decoded
		},
	}
}

// AuthCodeURL returns the URL to send the browser to, and the attempt to keep for
// [ManagedLogin.Exchange]. Each call starts a new attempt with its own state, nonce and PKCE
// verifier. opts apply to this sign-in and override those of [Cognito.ManagedLogin]. It does no
// I/O.
func (m *ManagedLogin) AuthCodeURL(opts ...LoginOption) (authURL string, attempt LoginAttempt, err error) {
	defer named("AuthCodeURL", &err)
	if m == nil || m.c == nil {
		return "", LoginAttempt{}, errNoLogin
	}
	one := *m
	if err := one.apply(opts); err != nil {
		return "", LoginAttempt{}, err
	}
	if one.redirectURL == "" {
		return "", LoginAttempt{}, fieldError("WithRedirectURL", "want one of the app client's callback URLs, got none")
	}
	p := one.c.shared()
	attempt = LoginAttempt{
		State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Domain: one.domain,
		ClientID: p.clientID, RedirectURL: one.redirectURL, ExpiresAt: p.now().Add(loginValidity),
	}
	params := []oauth2.AuthCodeOption{
		oauth2.S256ChallengeOption(attempt.Verifier), oauth2.SetAuthURLParam("nonce", attempt.Nonce),
	}
	for name, values := range one.params {
		params = append(params, oauth2.SetAuthURLParam(name, values[0]))
	}
	return one.config(one.redirectURL, "").AuthCodeURL(attempt.State, params...), attempt, nil
}

// errNoLogin is the error of a ManagedLogin that [Cognito.ManagedLogin] did not return.
var errNoLogin = fieldError("managed login", "want one from Cognito.ManagedLogin")

// Exchange completes a sign-in. callback is the query of the request to the redirect URL, for
// example r.URL.Query(). Exchange checks that the callback belongs to the attempt, exchanges the
// code, and verifies the tokens and their nonce. It returns a session that refreshes, stores and
// signs out like any other. opts are the options of [Cognito.ForUser], such as [WithTokenStore].
// With [WithUsername], tokens of another user are rejected with [ErrStoreUser].
//
// Common errors: [ErrLoginAttempt], [ErrLoginExpired], [ErrAccessDenied], [ErrLoginRequired],
// [ErrInvalidGrant], [ErrInvalidScope], [ErrSecretHash], [ErrTokenNonce]. An [*OAuthError] holds
// the server's own text. [ErrKeysUnavailable] and [ErrUnknownKey] mean that the user did sign in,
// but that the tokens could not be verified. The session is then returned as well, and
// [Cognito.VerifyTokens] tries again. With every other error the session is nil. Not retried
// automatically.
//
// It calls the domain's token endpoint, which needs no AWS credentials.
func (m *ManagedLogin) Exchange(
	ctx context.Context, attempt LoginAttempt, callback url.Values, opts ...SessionOption,
) (session *Cognito, err error) {
	defer named("Exchange", &err)
	if m == nil || m.c == nil {
		return nil, errNoLogin
	}
	if err := m.checkCallback(attempt, callback); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	session = m.c.ForUser("", opts...)
	m.c.shared().verifier.keys.Prefetch(ctx)
	err = session.session.change(ctx, func(ctx context.Context) error {
		ts, err := m.exchange(ctx, attempt, callback.Get("code"), session)
		if err != nil {
			return err
		}
		s := &signIn{c: session, op: "Exchange", earlier: session.session.awaited()}
		return s.signedIn(context.WithoutCancel(ctx), ts, nil)
	})
	if err != nil && !keyMissing(err) {
		return nil, err
	}
	return session, err
}

// checkCallback checks that a callback belongs to the attempt and has a code.
func (m *ManagedLogin) checkCallback(attempt LoginAttempt, callback url.Values) error {
	ours := attempt.Domain == m.domain && attempt.ClientID == m.c.shared().clientID
	if !ours || attempt.State == "" || attempt.Nonce == "" || attempt.Verifier == "" || attempt.RedirectURL == "" {
		return fmt.Errorf("%w: the attempt is incomplete, or belongs to another domain or app client", ErrLoginAttempt)
	}
	var failure error
	if code := callback.Get("error"); code != "" {
		failure = &OAuthError{Code: code, Description: callback.Get("error_description")}
	}
	state := callback["state"]
	if len(state) != 1 || subtle.ConstantTimeCompare([]byte(state[0]), []byte(attempt.State)) != 1 {
		if failure != nil && len(state) == 0 { // the service sometimes omits the state
			return fmt.Errorf("%w: the callback has no state: %w", ErrLoginAttempt, failure)
		}
		return fmt.Errorf("%w: the callback has another state", ErrLoginAttempt)
	}
	switch {
	case failure != nil:
		return failure
	case !m.c.shared().now().Before(attempt.ExpiresAt):
		return ErrLoginExpired
	case len(callback["code"]) != 1 || callback.Get("code") == "":
		return fieldError("callback", "want one code, got none or several")
	}
	return nil
}

// exchange exchanges a code and checks what can be checked without the pool's keys. The tokens come
// from the pool's own domain, and the caller verifies them before it uses them.
func (m *ManagedLogin) exchange(
	ctx context.Context, attempt LoginAttempt, code string, session *Cognito,
) (*tokenSet, error) {
	p := m.c.shared()
	asked := p.now()
	answer, err := withSecrets(p, func(secret string) (*oauth2.Token, error) {
		ctx, cancel := context.WithTimeout(ctx, oauthTimeout)
		defer cancel()
		token, err := m.config(attempt.RedirectURL, secret).Exchange(
			context.WithValue(ctx, oauth2.HTTPClient, p.web), code, oauth2.VerifierOption(attempt.Verifier))
		return token, oauthError(err)
	})
	if err != nil {
		return nil, err
	}
	idToken, _ := answer.Extra("id_token").(string)
	tokens := Tokens{
		IDToken: idToken, AccessToken: answer.AccessToken, RefreshToken: answer.RefreshToken,
		TokenType: answer.TokenType, ExpiresAt: asked.Add(time.Duration(answer.ExpiresIn) * time.Second),
	}
	if err := checkNonce(tokens, attempt.Nonce); err != nil {
		return nil, err
	}
	st := session.session.current()
	ts := readTokens(tokens)
	if err := st.checkOwner(ts); err != nil {
		return nil, err
	}
	if tokens.Username = st.username; tokens.Username == "" {
		tokens.Username = ts.username
	}
	return readTokens(tokens), nil
}

// checkNonce checks that the ID token was issued for the attempt. An ID token is required if the
// access token has the scope openid.
func checkNonce(tokens Tokens, nonce string) error {
	if tokens.IDToken == "" {
		access, err := parseToken(tokens.AccessToken)
		if err != nil {
			return &TokenError{Use: AccessToken, Reason: err}
		}
		if slices.Contains(strings.Fields(access.claims.scope), scopeOpenID) {
			return &TokenError{Use: IDToken, Reason: fmt.Errorf("%w: want an ID token, got none", ErrTokenNonce)}
		}
		return nil
	}
	id, err := parseToken(tokens.IDToken)
	if err != nil {
		return &TokenError{Use: IDToken, Reason: err}
	}
	var claims map[string]any // a struct would accept "Nonce", too
	_ = json.Unmarshal([]byte(id.payload), &claims)
	got, _ := claims["nonce"].(string)
	if subtle.ConstantTimeCompare([]byte(got), []byte(nonce)) != 1 {
		return &TokenError{Use: IDToken, Reason: ErrTokenNonce}
	}
	return nil
}

// LogoutURL returns the URL to send the browser to, to sign the user out of the pool's pages. The
// next sign-in then asks again. returnTo is the URL that the browser returns to. It must equal one
// of the app client's allowed sign-out URLs exactly. LogoutURL does not end the session: first call
// [Cognito.RevokeToken] or [Cognito.Logout]. The user stays signed in at identity providers, except
// at SAML providers with single logout. It returns "" for a ManagedLogin that
// [Cognito.ManagedLogin] did not return.
func (m *ManagedLogin) LogoutURL(returnTo string) string {
	if m == nil || m.c == nil {
		return ""
	}
	// The logout endpoint is not that of OpenID Connect: it takes client_id and logout_uri.
	return m.domain + "/logout?" + url.Values{"client_id": {m.c.shared().clientID}, "logout_uri": {returnTo}}.Encode()
}

// oauthError converts errors of package oauth2. The result does not hold the body of the response.
func oauthError(err error) error {
	if retrieve, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		failure := &OAuthError{Code: retrieve.ErrorCode, Description: retrieve.ErrorDescription}
		if retrieve.Response != nil {
			failure.StatusCode = retrieve.Response.StatusCode
		}
		return failure
	}
	return err
}

// withSecrets calls try with the app client's secret, and with the second secret if the first is
// rejected. The secret that was accepted is tried first the next time.
func withSecrets[V any](p *pool, try func(secret string) (V, error)) (V, error) {
	first, second := p.clientSecret, p.otherSecret
	other := second != "" && p.otherFirst.Load()
	if other {
		first, second = second, first
	}
	v, err := try(first)
	if second == "" || !isWrongSecret(err) {
		return v, err
	}
	w, secondErr := try(second)
	if isWrongSecret(secondErr) {
		return v, err
	}
	if secondErr == nil {
		p.otherFirst.Store(!other)
	}
	return w, secondErr
}

// isWrongSecret reports whether the service may have rejected a request because of the secret.
func isWrongSecret(err error) bool {
	if failure, ok := errors.AsType[*OAuthError](err); ok {
		return failure.Code == "invalid_client"
	}
	return hasCode(err, "NotAuthorizedException")
}

// newWebClient returns the HTTP client for the authorization server. It follows no redirects, which
// would send secrets and codes to an address that the caller did not name.
func newWebClient(given *http.Client) *http.Client {
	client := &http.Client{Timeout: oauthTimeout}
	if given != nil {
		*client = *given
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	client.Transport = webTransport{client.Transport}
	return client
}

// webTransport is the transport of the client for the authorization server.
type webTransport struct{ base http.RoundTripper }

// RoundTrip sends req. It returns soon after req's context is done, even if the base transport does
// not.
func (t webTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if t.base == nil {
		return sendWithin(req, http.DefaultTransport.RoundTrip)
	}
	return sendWithin(req, t.base.RoundTrip)
}

// MachineTokens returns a source of access tokens for the app client itself, for calls from one
// service to another. scopes are the scopes of resource servers, such as
// "https://orders.example.com/read". Without scopes, the tokens have all scopes of the app client.
// It does no I/O.
//
// Amazon Cognito bills each token, so all sources of this client with the same scopes share one. A
// token is used for about three quarters of its lifetime. If a new one is not returned within 5
// seconds, or cannot be had, the old one is used until it expires. Concurrent callers share one
// request. After a failed request the next one waits 1 second, and longer after each further
// failure, up to 5 minutes. After a rejection it waits 30 seconds to 30 minutes. The source is safe
// for concurrent use. It does not need [oauth2.ReuseTokenSource].
//
// Common errors: [ErrSecretHash], [ErrFlowNotEnabled], [ErrInvalidArgument], [ErrInvalidScope],
// [ErrThrottled].
//
// It calls GetClientToken, which needs no AWS credentials. It requires [WithClientSecret] and an
// app client that allows ALLOW_CLIENT_TOKEN_AUTH. With [WithDomain] it calls the domain's token
// endpoint instead, with the OAuth flow of client credentials.
func (c *Cognito) MachineTokens(scopes ...string) oauth2.TokenSource {
	return machineSource{newMachine(c, scopes)}
}

// MachineHTTPClient returns a copy of base that sends a token of [Cognito.MachineTokens] with each
// request to the origins of [WithOrigins]. If base is nil, it copies the zero [http.Client]. The
// client follows the rules of a [Transport]. The first token that a server rejects is replaced at
// once. A further one is replaced only 5 minutes after the last replacement, then 10, and so on up
// to 1 hour.
func (c *Cognito) MachineHTTPClient(base *http.Client, scopes []string, opts ...TransportOption) *http.Client {
	client := c.HTTPClient(base, "", opts...)
	if t, ok := client.Transport.(*Transport); ok {
		t.state.machine = newMachine(c, scopes)
		if t.state.use != AccessToken {
			err := fieldError("WithTokenUse", "want AccessToken, the only token of a machine client")
			t.state.err = errors.Join(t.state.err, wrapError("MachineHTTPClient", err))
		}
	}
	return client
}

// machineSource is the [oauth2.TokenSource] of a machine.
type machineSource struct{ *machine }

// Token returns a token of the app client.
func (s machineSource) Token() (*oauth2.Token, error) {
	ts, err := s.current(context.Background())
	if err != nil {
		return nil, err
	}
	return &oauth2.Token{AccessToken: ts.AccessToken, TokenType: ts.TokenType, Expiry: ts.expires}, nil
}

// machine gets tokens of the app client with fixed scopes.
type machine struct {
	p      *pool
	scopes []string
	key    string // the scopes; the key in the pool's tables
	err    error  // of invalid arguments
}

func newMachine(c *Cognito, scopes []string) *machine {
	m := &machine{p: c.shared(), scopes: slices.Clone(scopes)}
	slices.Sort(m.scopes)
	m.scopes = slices.Compact(m.scopes)
	m.key = strings.Join(m.scopes, " ")
	switch {
	case c == nil || c.pool == nil:
		m.err = errNotMade
	case m.p.clientSecret == "":
		m.err = fieldError("WithClientSecret", "want the app client's secret, got none")
	default:
		m.err = checkScopes("scopes", scopes)
	}
	return m
}

// Format prints the app client and the scopes, for every verb.
func (m machine) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "machine{client "+m.p.clientID+", scopes "+quote(m.key)+"}")
}

// machineTable holds what all sources of a client share. Tokens are stored by their scopes.
type machineTable struct {
	flights flight.Group[string, *machineToken]
	pauses  backoff.Table[string]

	mu     sync.Mutex // protects the field below
	tokens map[string]*machineToken
}

// machineToken is a token of the app client. It does not change.
type machineToken struct {
	*tokenSet

	refreshAt  time.Time
	rejections int // number of earlier tokens that were replaced because a server rejected them
	replacedAt time.Time
}

const (
	machineShare        = 0.75 // of a token's lifetime, after which it is replaced
	machineJitter       = 0.05 // of the lifetime, by which a program replaces it earlier at most
	unknownLifetime     = 5 * time.Minute
	firstRejectionPause = 5 * time.Minute
	lastRejectionPause  = time.Hour
)

func (t *machineTable) find(key string) *machineToken {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tokens[key]
}

// add stores a token and removes those that have expired.
func (t *machineTable) add(key string, token *machineToken, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.tokens == nil {
		t.tokens = map[string]*machineToken{}
	}
	for key, old := range t.tokens {
		if !now.Before(old.expires) {
			delete(t.tokens, key)
		}
	}
	t.tokens[key] = token
}

// fresh reports whether the token can be used without a request for another.
func (t *machineToken) fresh(now time.Time) bool { return t != nil && now.Before(t.refreshAt) }

// replaceable reports whether a token that a server rejected may be replaced. The pause before a
// replacement doubles each time.
func (t *machineToken) replaceable(now time.Time) bool {
	if t.rejections == 0 {
		return true
	}
	pause := min(firstRejectionPause<<min(t.rejections-1, 10), lastRejectionPause)
	return now.Sub(t.replacedAt) >= pause
}

// current returns a token that has not expired. It does not wait long while the last one has not
// expired.
func (m *machine) current(ctx context.Context) (*tokenSet, error) {
	if m.err != nil {
		return nil, wrapError("MachineTokens", m.err)
	}
	waiting := ctx
	if old := m.p.machines.find(m.key); old != nil && m.p.now().Before(old.expires) {
		var cancel context.CancelFunc
		waiting, cancel = context.WithTimeout(ctx, earlyWait)
		defer cancel()
	}
	token, err := m.get(waiting, nil)
	if err == nil {
		return token.tokenSet, nil
	}
	if old := m.p.machines.find(m.key); old != nil && m.p.now().Before(old.expires) {
		m.p.log.DebugContext(ctx, "cognito: machine token not replaced yet", slog.Any("error", err))
		return old.tokenSet, nil
	}
	return nil, wrapError("MachineTokens", err)
}

// replacement returns a token to use instead of used, which a server has rejected. It returns used
// if it is too early for a replacement.
func (m *machine) replacement(ctx context.Context, used *tokenSet) (*tokenSet, error) {
	token, err := m.get(ctx, used)
	if err != nil {
		return nil, wrapError("MachineTokens", err)
	}
	return token.tokenSet, nil
}

// get returns the stored token if it is fresh, or a new one that all callers share. used is a token
// that a server has rejected, or nil.
func (m *machine) get(ctx context.Context, used *tokenSet) (*machineToken, error) {
	table := &m.p.machines
	usable := func() *machineToken {
		token := table.find(m.key)
		switch {
		case !token.fresh(m.p.now()):
			return nil
		case used != nil && token.AccessToken == used.AccessToken && token.replaceable(m.p.now()):
			return nil
		default:
			return token
		}
	}
	if token := usable(); token != nil {
		return token, nil
	}
	if old := table.find(m.key); old != nil && m.p.now().Before(old.expires) {
		if _, err := table.pauses.Recent(m.key, m.p.now()); err != nil {
			return nil, err // the caller can use the old token
		}
	} else if err := waitOut(ctx, &table.pauses, m.key, m.p.now); err != nil {
		return nil, err
	}
	token, _, err := table.flights.Do(ctx, m.key, func(ctx context.Context) (*machineToken, error) {
		if token := usable(); token != nil {
			return token, nil // an earlier request has replaced it
		}
		if _, err := table.pauses.Recent(m.key, m.p.now()); err != nil {
			return nil, err
		}
		token, err := m.obtain(context.WithoutCancel(ctx), used) // a canceled request is billed, too
		if err != nil {
			table.pauses.Failed(m.key, err, machinePause(err), m.p.now())
			return nil, err
		}
		table.pauses.Clear(m.key)
		table.add(m.key, token, m.p.now())
		return token, nil
	})
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = fmt.Errorf("waiting for a token: %w", ctx.Err())
	}
	return token, err
}

// machinePause returns the pause after a failed request. It is pauseAfter, except that every
// rejection by the authorization server counts as one.
func machinePause(err error) backoff.Policy {
	if failure, ok := errors.AsType[*OAuthError](err); ok && failure.StatusCode < http.StatusInternalServerError &&
		failure.StatusCode >= http.StatusBadRequest && !errors.Is(err, ErrThrottled) {
		return rejected
	}
	return pauseAfter(err)
}

// obtain requests a token.
func (m *machine) obtain(ctx context.Context, used *tokenSet) (*machineToken, error) {
	asked := m.p.now()
	tokens, err := withSecrets(m.p, func(secret string) (Tokens, error) {
		ctx, cancel := context.WithTimeout(ctx, oauthTimeout)
		defer cancel()
		if m.p.domain == "" {
			return m.fromService(ctx, secret, asked)
		}
		return m.fromDomain(ctx, secret, asked)
	})
	if err != nil {
		return nil, err
	}
	ts := readTokens(tokens)
	ts.expires = machineExpiry(asked, tokens.ExpiresAt, ts.expires)
	lifetime := ts.expires.Sub(asked)
	share := machineShare - machineJitter*mathrand.Float64() //nolint:gosec // it spreads load and protects nothing
	token := &machineToken{tokenSet: ts, refreshAt: asked.Add(time.Duration(share * float64(lifetime)))}
	if old := m.p.machines.find(m.key); old != nil && asked.Sub(old.replacedAt) < 2*lastRejectionPause {
		token.rejections, token.replacedAt = old.rejections, old.replacedAt
	}
	if used != nil {
		token.rejections, token.replacedAt = token.rejections+1, asked
	}
	return token, nil
}

// machineExpiry returns when a token that was requested at asked expires. answered is the time that
// the answer gives, and own that of the token. A cache in front of the token endpoint repeats the
// lifetime of a new token; then own is earlier, and counts. But own is by the service's clock. If
// that makes it very early, the result is unknownLifetime, or else each call would pay for a token.
func machineExpiry(asked, answered, own time.Time) time.Time {
	least := asked.Add(unknownLifetime)
	known := answered.After(asked)
	switch {
	case known && (answered.Before(least) || !own.After(asked) || own.After(answered)):
		return answered
	case own.After(least):
		return own
	default:
		return least
	}
}

// fromService calls GetClientToken.
func (m *machine) fromService(ctx context.Context, secret string, asked time.Time) (Tokens, error) {
	out, err := m.p.sdk.GetClientToken(ctx, &cognitoidentityprovider.GetClientTokenInput{
		ClientId: aws.String(m.p.clientID), Secret: aws.String(secret), Scopes: m.scopes,
	}, sendOnce, unsigned)
	if err != nil {
		return Tokens{}, err
	}
	result := out.ClientAuthenticationResult
	if result == nil || aws.ToString(result.AccessToken) == "" {
		return Tokens{}, errors.New("the service's answer: want an access token, got none")
	}
	return Tokens{
		AccessToken: *result.AccessToken, TokenType: aws.ToString(result.TokenType),
		ExpiresAt: asked.Add(time.Duration(result.ExpiresIn) * time.Second),
	}, nil
}

// unsigned turns off the signature of a call: the SDK treats GetClientToken as an operation that
// needs credentials.
func unsigned(o *cognitoidentityprovider.Options) { o.Credentials = nil }

// fromDomain calls the domain's token endpoint.
func (m *machine) fromDomain(ctx context.Context, secret string, asked time.Time) (Tokens, error) {
	config := &clientcredentials.Config{
		ClientID: m.p.clientID, ClientSecret: secret, TokenURL: m.p.domain + "/oauth2/token", Scopes: m.scopes,
		AuthStyle: oauth2.AuthStyleInParams,
	}
	token, err := config.Token(context.WithValue(ctx, oauth2.HTTPClient, m.p.web))
	if err != nil {
		return Tokens{}, oauthError(err)
	}
	var lifetime time.Duration
	if !token.Expiry.IsZero() { // ExpiresIn is always 0 here, and Expiry is by the system's clock
		lifetime = time.Until(token.Expiry).Round(time.Second)
	}
	return Tokens{AccessToken: token.AccessToken, TokenType: token.TokenType, ExpiresAt: asked.Add(lifetime)}, nil
}
