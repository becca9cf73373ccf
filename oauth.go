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
	oauthTimeout  = 30 * time.Second // for one request to the authorization server

	scopeOpenID = "openid"
)

// Reasons for which a sign-in on the pool's pages, or a request for a machine's token, fails. [ErrFlowNotEnabled],
// [ErrSecretHash], [ErrLambda] and [ErrThrottled] match, too.
var (
	// ErrLoginAttempt: the callback does not belong to the attempt, or the attempt to this application. The user
	// may have begun another sign-in, or somebody wants the user to end up in a session of somebody else.
	ErrLoginAttempt = errors.New("the callback does not belong to this sign-in")
	// ErrLoginExpired: the user took too long; begin the sign-in again.
	ErrLoginExpired = errors.New("the sign-in took too long, begin it again")
	// ErrLoginRequired: the user is not signed in, and WithPrompt("none") shows no page.
	ErrLoginRequired = errors.New("the user must sign in")
	// ErrAccessDenied: the user or the identity provider declined.
	ErrAccessDenied = errors.New("the user or the identity provider declined")
	// ErrInvalidGrant: the authorization code was used before, has expired, or was issued for another app client,
	// redirect URL or attempt.
	ErrInvalidGrant = errors.New("the authorization code is spent, expired or another application's")
	// ErrInvalidScope: the app client may not have one of the scopes.
	ErrInvalidScope = errors.New("a scope is unknown or not enabled for the app client")
	// ErrTokenNonce: the ID token was not issued for this sign-in.
	ErrTokenNonce = fmt.Errorf("%w: its nonce is not that of the sign-in", jwt.ErrTokenInvalidClaims)
)

// OAuthError is a refusal of the pool's authorization server: in a callback, or as the answer to a request for tokens.
// It matches reasons with [errors.Is], such as [ErrInvalidGrant] and [ErrAccessDenied].
type OAuthError struct {
	// Code is OAuth's error code, such as "invalid_grant"; "" if the answer had none.
	Code string
	// Description is the server's text; "" for none. It may come from an identity provider or a Lambda function.
	Description string
	// StatusCode is the answer's HTTP status; 0 for an error in a callback.
	StatusCode int
}

// Error returns the code and the description, bounded and on one line.
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

// Is reports whether target is a reason that the refusal stands for.
func (e *OAuthError) Is(target error) bool {
	switch target {
	case ErrAccessDenied:
		return e.Code == "access_denied"
	case ErrLoginRequired:
		return e.Code == "login_required" || e.Code == "interaction_required"
	case ErrInvalidGrant:
		return e.Code == "invalid_grant" && !e.ofLambda()
	case ErrInvalidScope: // the service says invalid_request, and the rest in the description
		return e.Code == "invalid_scope" || e.Code == "invalid_request" && e.Description == "invalid_scope"
	case ErrFlowNotEnabled:
		return e.Code == "unauthorized_client"
	case ErrSecretHash:
		return e.Code == "invalid_client"
	case ErrLambda:
		return e.ofLambda()
	case ErrThrottled:
		return e.StatusCode == http.StatusTooManyRequests
	default:
		return false
	}
}

// ofLambda reports whether a Lambda function refused, which the service says in the words of its operations.
func (e *OAuthError) ofLambda() bool { return strings.Contains(e.Description, " failed with error ") }

// ManagedLogin signs users in on the pool's own pages (managed login, formerly the hosted UI), where identity providers
// stand behind the pool, too. It is safe for concurrent use. Make one with [Cognito.ManagedLogin].
type ManagedLogin struct {
	c      *Cognito
	domain string // scheme and host
	loginOptions
}

// Format prints the domain and the app client, whatever the verb.
func (m ManagedLogin) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "ManagedLogin{"+m.domain+", client "+m.c.shared().clientID+"}")
}

// LogValue logs the domain and the app client.
func (m ManagedLogin) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(m)) }

// ManagedLogin returns the pages of the pool's domain: a custom domain such as auth.example.com, the prefix of a domain
// of Amazon's, or a URL, which may be plain HTTP for a loopback address only. With "" it is the domain of [WithDomain].
// It does no I/O. The options are defaults for [ManagedLogin.AuthCodeURL].
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

// domainURL returns the scheme and host of a pool's domain.
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
	case err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		return "", fieldError(field, want+" without user, path and query")
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		return "", fieldError(field, "want https, or http for a loopback address, got "+quote(u.Scheme+"://"+u.Host))
	}
	return u.Scheme + "://" + strings.ToLower(u.Host), nil
}

// prefixURL returns the URL of a domain of Amazon's.
func prefixURL(field, prefix, region string) (string, error) {
	host := ".auth."
	switch {
	case strings.HasPrefix(region, "us-gov-"):
		host = ".auth-fips."
	case slices.ContainsFunc([]string{"cn-", "eusc-", "us-iso", "eu-iso"}, func(p string) bool { return strings.HasPrefix(region, p) }):
		return "", fieldError(field, "want the whole domain in the region "+region+", got the prefix "+quote(prefix))
	}
	return "https://" + strings.ToLower(prefix) + host + region + ".amazoncognito.com", nil
}

// LoginOption sets up a [ManagedLogin], or a single sign-in in [ManagedLogin.AuthCodeURL].
type LoginOption func(*loginOptions)

// loginOptions are what an authorization request says beside what protects it.
type loginOptions struct {
	redirectURL string
	scopes      []string
	params      url.Values

	errs []error
}

// apply changes the options in place.
func (o *loginOptions) apply(opts []LoginOption) error {
	o.errs = nil
	o.params = maps.Clone(o.params) // the defaults of others
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

// WithRedirectURL sets where the browser comes back to: one of the app client's allowed callback URLs, to the letter.
// It is required.
func WithRedirectURL(redirectURL string) LoginOption {
	return func(o *loginOptions) {
		u, err := url.Parse(redirectURL)
		if err != nil || u.Scheme == "" || u.Host == "" || u.Fragment != "" || u.User != nil ||
			u.Scheme == "http" && !isLoopback(u.Hostname()) {
			o.errs = append(o.errs, fieldError("WithRedirectURL", "want an absolute https URL without a fragment, http for a loopback address, or an app's own scheme"))
		}
		o.redirectURL = redirectURL
	}
}

// WithLoginScopes sets the scopes that are requested. The scope "openid" brings an ID token, "email", "phone" and
// "profile" decide what is in it, and "aws.cognito.signin.user.admin" is what the user's own calls need, such as
// [Cognito.GetUser] and [Cognito.Logout]. If not set, the tokens have all scopes of the app client.
func WithLoginScopes(scopes ...string) LoginOption {
	return func(o *loginOptions) {
		if err := checkScopes("WithLoginScopes", scopes); err != nil {
			o.errs = append(o.errs, err)
		}
		o.scopes = slices.Clone(scopes)
	}
}

func checkScopes(field string, scopes []string) error {
	for i, scope := range scopes {
		if scope == "" || strings.ContainsFunc(scope, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
			return fieldError(field, fmt.Sprintf("want scopes without spaces and quotes, got another at %d", i+1))
		}
	}
	return nil
}

// WithIdentityProvider sends the user to an identity provider of the pool at once: "Google", "Facebook",
// "LoginWithAmazon", "SignInWithApple", the name of an OpenID or SAML provider, or "COGNITO" for the pool itself.
func WithIdentityProvider(name string) LoginOption {
	return func(o *loginOptions) { o.set("WithIdentityProvider", "identity_provider", name) }
}

// WithIDPIdentifier is [WithIdentityProvider] with one of the provider's identifiers, such as the domain of a user's
// e-mail address.
func WithIDPIdentifier(identifier string) LoginOption {
	return func(o *loginOptions) { o.set("WithIDPIdentifier", "idp_identifier", identifier) }
}

// WithLoginHint fills in the username.
func WithLoginHint(username string) LoginOption {
	return func(o *loginOptions) { o.set("WithLoginHint", "login_hint", username) }
}

// WithLanguage sets the language of the pages, such as "de".
func WithLanguage(language string) LoginOption {
	return func(o *loginOptions) { o.set("WithLanguage", "lang", language) }
}

// WithPrompt sets what happens to a user who is signed in already: "login" asks again, "none" shows no page and fails
// with [ErrLoginRequired] if nobody is. "select_account" and "consent" are passed on to identity providers. Values are
// combined.
func WithPrompt(values ...string) LoginOption {
	return func(o *loginOptions) {
		for _, value := range values {
			if !slices.Contains([]string{"none", "login", "select_account", "consent"}, value) {
				o.errs = append(o.errs, fieldError("WithPrompt", "want none, login, select_account or consent, got "+quote(value)))
			}
		}
		o.set("WithPrompt", "prompt", strings.Join(values, " "))
	}
}

// WithResource binds the access token to an API: the URL becomes its aud claim, which [WithAudience] checks.
func WithResource(resource string) LoginOption {
	return func(o *loginOptions) {
		if u, err := url.Parse(resource); err != nil || u.Scheme == "" || u.Host == "" {
			o.errs = append(o.errs, fieldError("WithResource", "want an absolute URL, got "+quote(resource)))
		}
		o.set("WithResource", "resource", resource)
	}
}

// LoginAttempt is a sign-in between [ManagedLogin.AuthCodeURL] and [ManagedLogin.Exchange]. It belongs to the browser
// that signs in: keep its JSON, in base64, in a cookie (Secure, HttpOnly, SameSite=Lax), and delete the cookie after the
// exchange. It is good for 15 minutes, and only together with the authorization code that the same browser brings back.
// Printed or logged it shows none of its secrets; its fields and its JSON do.
type LoginAttempt struct {
	// State comes back in the callback, Nonce in the ID token. Verifier proves to the authorization server that the
	// code is exchanged by who asked for it (PKCE).
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
	// Domain, ClientID and RedirectURL are where the attempt was made, and where it ends.
	Domain      string `json:"domain"`
	ClientID    string `json:"client_id"`
	RedirectURL string `json:"redirect_url"`
	// ExpiresAt is when the attempt is no good any more.
	ExpiresAt time.Time `json:"expires_at"`
}

// Format prints where the attempt was made and when it expires, whatever the verb.
func (a LoginAttempt) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "LoginAttempt{at "+a.Domain+", expires "+stamp(a.ExpiresAt)+"}")
}

// LogValue logs where the attempt was made and when it expires.
func (a LoginAttempt) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(a)) }

// config is what package oauth2 needs to know.
func (m *ManagedLogin) config(redirectURL, secret string) *oauth2.Config {
	return &oauth2.Config{
		ClientID: m.c.shared().clientID, ClientSecret: secret, RedirectURL: redirectURL, Scopes: m.scopes,
		Endpoint: oauth2.Endpoint{
			AuthURL: m.domain + "/oauth2/authorize", TokenURL: m.domain + "/oauth2/token",
			AuthStyle: oauth2.AuthStyleInParams, // in a header a secret with a plus sign can be understood in two ways
		},
	}
}

// AuthCodeURL returns where to send the browser, and the attempt to keep for [ManagedLogin.Exchange]. Each call makes
// another attempt, with a state, a nonce and a PKCE verifier of its own. The options are for this sign-in, and come
// before those of [Cognito.ManagedLogin]. It does no I/O.
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
	attempt = LoginAttempt{
		State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Domain: one.domain,
		ClientID: one.c.shared().clientID, RedirectURL: one.redirectURL, ExpiresAt: one.c.shared().now().Add(loginValidity),
	}
	params := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(attempt.Verifier), oauth2.SetAuthURLParam("nonce", attempt.Nonce)}
	for name, values := range one.params {
		params = append(params, oauth2.SetAuthURLParam(name, values[0]))
	}
	return one.config(one.redirectURL, "").AuthCodeURL(attempt.State, params...), attempt, nil
}

// errNoLogin answers for a ManagedLogin that was made otherwise.
var errNoLogin = fieldError("managed login", "want one from Cognito.ManagedLogin")

// Exchange finishes a sign-in with what the browser brought back: the query of the request to the redirect URL, for
// example r.URL.Query(). It checks that the callback belongs to the attempt, exchanges the code, verifies the tokens
// and their nonce, and returns a session of the user like any other: it refreshes, stores and signs out. The options
// are those of [Cognito.ForUser], such as [WithTokenStore]; with [WithUsername] tokens of another user are
// [ErrStoreUser].
//
// Common errors: [ErrLoginAttempt], [ErrLoginExpired], [ErrAccessDenied], [ErrLoginRequired], [ErrInvalidGrant],
// [ErrInvalidScope], [ErrSecretHash], [ErrTokenNonce]; an [*OAuthError] holds the server's own words. With
// [ErrKeysUnavailable] and [ErrUnknownKey] the user did sign in, but the tokens could not be verified: the session is
// returned, too, and [Cognito.VerifyTokens] tries again. Otherwise it is nil. Not retried automatically.
//
// It calls the domain's token endpoint, which needs no AWS credentials.
func (m *ManagedLogin) Exchange(ctx context.Context, attempt LoginAttempt, callback url.Values, opts ...SessionOption) (session *Cognito, err error) {
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

// checkCallback checks that a callback brings a code for the attempt.
func (m *ManagedLogin) checkCallback(attempt LoginAttempt, callback url.Values) error {
	ours := attempt.Domain == m.domain && attempt.ClientID == m.c.shared().clientID
	if !ours || attempt.State == "" || attempt.Nonce == "" || attempt.Verifier == "" || attempt.RedirectURL == "" {
		return fmt.Errorf("%w: the attempt is incomplete, or of another domain or app client", ErrLoginAttempt)
	}
	var refused error
	if code := callback.Get("error"); code != "" {
		refused = &OAuthError{Code: code, Description: callback.Get("error_description")}
	}
	state := callback["state"]
	if len(state) != 1 || subtle.ConstantTimeCompare([]byte(state[0]), []byte(attempt.State)) != 1 {
		if refused != nil && len(state) == 0 { // the service leaves the state out at times
			return fmt.Errorf("%w: the callback has no state: %w", ErrLoginAttempt, refused)
		}
		return fmt.Errorf("%w: the callback has another state", ErrLoginAttempt)
	}
	switch {
	case refused != nil:
		return refused
	case !m.c.shared().now().Before(attempt.ExpiresAt):
		return ErrLoginExpired
	case len(callback["code"]) != 1 || callback.Get("code") == "":
		return fieldError("callback", "want one code, got none or several")
	}
	return nil
}

// exchange exchanges a code, and checks what can be checked without the pool's keys. The tokens come from the pool's
// own domain; nothing of them is used before they are verified.
func (m *ManagedLogin) exchange(ctx context.Context, attempt LoginAttempt, code string, session *Cognito) (*tokenSet, error) {
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
		IDToken: idToken, AccessToken: answer.AccessToken, RefreshToken: answer.RefreshToken, TokenType: answer.TokenType,
		ExpiresAt: asked.Add(time.Duration(answer.ExpiresIn) * time.Second),
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

// checkNonce checks that the ID token was issued for the attempt. There must be one if the access token has the scope
// openid.
func checkNonce(tokens Tokens, nonce string) error {
	if tokens.IDToken == "" {
		access, err := parseToken(tokens.AccessToken)
		if err != nil {
			return &TokenError{Use: AccessToken, Reason: err}
		}
		if slices.Contains(strings.Fields(access.claims.scope), scopeOpenID) {
			return &TokenError{Use: IDToken, Reason: fmt.Errorf("%w: there is none", ErrTokenNonce)}
		}
		return nil
	}
	id, err := parseToken(tokens.IDToken)
	if err != nil {
		return &TokenError{Use: IDToken, Reason: err}
	}
	var claims map[string]any // a struct would take "Nonce", too
	_ = json.Unmarshal([]byte(id.payload), &claims)
	got, _ := claims["nonce"].(string)
	if subtle.ConstantTimeCompare([]byte(got), []byte(nonce)) != 1 {
		return &TokenError{Use: IDToken, Reason: ErrTokenNonce}
	}
	return nil
}

// LogoutURL returns where to send the browser to sign the user out of the pool's pages, so that the next sign-in asks
// again. returnTo is where it comes back to: one of the app client's allowed sign-out URLs, to the letter. The session
// is another thing: end it with [Cognito.RevokeToken] or [Cognito.Logout] first. Sessions at identity providers
// stay, but for SAML providers with single logout.
func (m *ManagedLogin) LogoutURL(returnTo string) string {
	if m == nil || m.c == nil {
		return ""
	}
	// The service's logout endpoint is its own: it takes client_id and logout_uri, and not the parameters of OpenID.
	return m.domain + "/logout?" + url.Values{"client_id": {m.c.shared().clientID}, "logout_uri": {returnTo}}.Encode()
}

// oauthError makes errors of package oauth2 ones of this package, without the answer's body.
func oauthError(err error) error {
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		failure := &OAuthError{Code: refused.ErrorCode, Description: refused.ErrorDescription}
		if refused.Response != nil {
			failure.StatusCode = refused.Response.StatusCode
		}
		return failure
	}
	return err
}

// withSecrets calls try with the app client's secret, and with its other one if that is rejected. The one that was
// taken comes first the next time.
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
	if refused, ok := errors.AsType[*OAuthError](err); ok {
		return refused.Code == "invalid_client"
	}
	return hasCode(err, "NotAuthorizedException")
}

// newWebClient returns the HTTP client for the authorization server. It follows no redirects, which would carry
// secrets and codes to an address that the caller did not name.
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

// RoundTrip sends req. It returns soon after req's context has ended, whatever the base does.
func (t webTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if t.base == nil {
		return sendWithin(req, http.DefaultTransport.RoundTrip)
	}
	return sendWithin(req, t.base.RoundTrip)
}

// MachineTokens returns a source of access tokens for the app client itself, for calls from one service to another. The
// scopes are those of resource servers, such as "https://orders.example.com/read"; without any, they are all that the
// app client has. It does no I/O.
//
// Each token is used for about three quarters of its lifetime, by all sources of this client with the same scopes,
// since Amazon Cognito bills each; while another cannot be had, it is used until it expires. However many callers
// wait, there is one request. After a failed one the next waits, first a second and then up to five minutes, and longer
// after a rejection. The source is safe for concurrent use, and needs no [oauth2.ReuseTokenSource] around it.
//
// Common errors: [ErrSecretHash], [ErrFlowNotEnabled], [ErrInvalidArgument], [ErrInvalidScope], [ErrThrottled].
//
// It calls GetClientToken, which needs no AWS credentials but [WithClientSecret], and an app client that allows
// ALLOW_CLIENT_TOKEN_AUTH. With [WithDomain] it calls the domain's token endpoint instead, with the OAuth flow of client
// credentials.
func (c *Cognito) MachineTokens(scopes ...string) oauth2.TokenSource {
	return machineSource{newMachine(c, scopes)}
}

// MachineHTTPClient returns a copy of base, or of the zero [http.Client] if it is nil, that sends a token of
// [Cognito.MachineTokens] with each request to the origins of [WithOrigins]. It keeps the rules of a [Transport]; a token
// that a server has rejected is replaced once, and then not for 5 minutes, and up to an hour.
func (c *Cognito) MachineHTTPClient(base *http.Client, scopes []string, opts ...TransportOption) *http.Client {
	client := c.HTTPClient(base, "", opts...)
	if t, ok := client.Transport.(*Transport); ok {
		t.state.machine = newMachine(c, scopes)
		if t.state.use != AccessToken {
			t.state.err = errors.Join(t.state.err, wrapError("MachineHTTPClient", fieldError("WithTokenUse", "want AccessToken: machines have no other")))
		}
	}
	return client
}

// machineSource is an oauth2.TokenSource.
type machineSource struct{ *machine }

// Token returns a token of the app client.
func (s machineSource) Token() (*oauth2.Token, error) {
	ts, err := s.current(context.Background())
	if err != nil {
		return nil, err
	}
	return &oauth2.Token{AccessToken: ts.AccessToken, TokenType: ts.TokenType, Expiry: ts.expires}, nil
}

// machine gets tokens of the app client with some scopes.
type machine struct {
	p      *pool
	scopes []string
	key    string // in the tables of the pool
	err    error  // what is wrong with it
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

// Format prints the app client and the scopes, whatever the verb.
func (m machine) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "machine{client "+m.p.clientID+", scopes "+quote(m.key)+"}")
}

// machineTable is what all sources of a client share: the tokens by their scopes.
type machineTable struct {
	flights flight.Group[string, *machineToken]
	pauses  backoff.Table[string]

	mu     sync.Mutex // protects the field below
	tokens map[string]*machineToken
}

// machineToken is a token of the app client. It does not change.
type machineToken struct {
	*tokenSet

	renewAt    time.Time
	refusals   int // tokens before it that were replaced since a server rejected them
	replacedAt time.Time
}

const (
	machineShare      = 0.75 // of a token's lifetime, for which it is used
	machineJitter     = 0.05 // of it, by which single programs renew earlier
	unknownLifetime   = 5 * time.Minute
	firstRefusalPause = 5 * time.Minute
	lastRefusalPause  = time.Hour
)

func (t *machineTable) find(key string) *machineToken {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tokens[key]
}

// add keeps a token, and drops those that have expired.
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

// fresh reports whether the token is used without asking for another.
func (t *machineToken) fresh(now time.Time) bool { return t != nil && now.Before(t.renewAt) }

// replaceable reports whether a server's rejection is a reason for another token: each further one takes longer.
func (t *machineToken) replaceable(now time.Time) bool {
	if t.refusals == 0 {
		return true
	}
	pause := min(firstRefusalPause<<min(t.refusals-1, 10), lastRefusalPause)
	return now.Sub(t.replacedAt) >= pause
}

// current returns a token that is good for a while.
func (m *machine) current(ctx context.Context) (*tokenSet, error) {
	if m.err != nil {
		return nil, wrapError("MachineTokens", m.err)
	}
	waiting := ctx
	if old := m.p.machines.find(m.key); old != nil && m.p.now().Before(old.expires) { // nobody has to wait for long
		var cancel context.CancelFunc
		waiting, cancel = context.WithTimeout(ctx, earlyWait)
		defer cancel()
	}
	token, err := m.get(waiting, nil)
	if err == nil {
		return token.tokenSet, nil
	}
	if old := m.p.machines.find(m.key); old != nil && m.p.now().Before(old.expires) {
		m.p.log.DebugContext(ctx, "cognito: a machine's token could not be renewed yet", slog.Any("error", err))
		return old.tokenSet, nil
	}
	return nil, wrapError("MachineTokens", err)
}

// replacement returns another token than used, which a server has rejected, or used itself if it is too early for that.
func (m *machine) replacement(ctx context.Context, used *tokenSet) (*tokenSet, error) {
	token, err := m.get(ctx, used)
	if err != nil {
		return nil, wrapError("MachineTokens", err)
	}
	return token.tokenSet, nil
}

// get returns the token at hand, or a new one for all who wait for it. used is a token that a server has rejected; nil
// for none.
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
			return nil, err // there is no need to wait for another one
		}
	} else if err := waitOut(ctx, &table.pauses, m.key, m.p.now); err != nil {
		return nil, err
	}
	token, _, err := table.flights.Do(ctx, m.key, func(ctx context.Context) (*machineToken, error) {
		if token := usable(); token != nil {
			return token, nil // somebody was faster
		}
		if _, err := table.pauses.Recent(m.key, m.p.now()); err != nil {
			return nil, err
		}
		token, err := m.obtain(context.WithoutCancel(ctx), used) // a token that was asked for is billed
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

// machinePause is pauseAfter for requests of machines.
func machinePause(err error) backoff.Policy {
	if refused, ok := errors.AsType[*OAuthError](err); ok && refused.StatusCode < http.StatusInternalServerError &&
		refused.StatusCode >= http.StatusBadRequest && !errors.Is(err, ErrThrottled) {
		return rejected
	}
	return pauseAfter(err)
}

// obtain asks for a token.
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
	if tokens.ExpiresAt.After(asked) {
		ts.expires = tokens.ExpiresAt
	}
	if ts.expires.IsZero() {
		ts.expires = asked.Add(unknownLifetime)
	}
	lifetime := ts.expires.Sub(asked)
	share := machineShare - machineJitter*mathrand.Float64() //nolint:gosec // it spreads load and protects nothing
	token := &machineToken{tokenSet: ts, renewAt: asked.Add(time.Duration(share * float64(lifetime)))}
	if old := m.p.machines.find(m.key); old != nil && asked.Sub(old.replacedAt) < 2*lastRefusalPause {
		token.refusals, token.replacedAt = old.refusals, old.replacedAt
	}
	if used != nil {
		token.refusals, token.replacedAt = token.refusals+1, asked
	}
	return token, nil
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

// unsigned sends a call without a signature: the SDK takes GetClientToken for one that needs credentials.
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
	return Tokens{
		AccessToken: token.AccessToken, TokenType: token.TokenType,
		ExpiresAt: asked.Add(time.Duration(token.ExpiresIn) * time.Second),
	}, nil
}
