package cognito

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// ErrNoToken is the reason in a [*TokenError] when the request carries no token.
var ErrNoToken = errors.New("request has no token")

// errAuthorization: there is something where the token should be, but not one token.
var errAuthorization = errors.New("want exactly one bearer token")

// TokenExtractor finds the token that a request carries. It returns an error that wraps [ErrNoToken] when
// there is none, and another one when it cannot tell which of several is meant. It must not change r.
type TokenExtractor func(r *http.Request) (raw string, err error)

// WithTokenExtractor sets where [Verifier.Check] and [Verifier.Handler] find the token of a request. The
// extractors are asked in order, and the first one that finds a token or fails decides. The default is
// [BearerToken] alone.
//
// A browser sends cookies with requests that other sites cause. Where [CookieToken] is used, protect
// requests that change something with [net/http.CrossOriginProtection].
func WithTokenExtractor(extractors ...TokenExtractor) VerifierOption {
	extractors = slices.Clone(extractors)
	return verifierOption(func(o *verifierOptions) {
		if len(extractors) == 0 || slices.ContainsFunc(extractors, func(e TokenExtractor) bool { return e == nil }) {
			o.refuse("WithTokenExtractor", "want at least one function, and none that is nil")
		}
		o.handler.extractors = extractors
	})
}

// WithHandlerUse sets which token [Verifier.Handler] and [Verifier.HandlerOptional] expect. The default is
// [AccessToken]; with [IDToken] the handlers find the claims with [IDClaimsFromContext].
func WithHandlerUse(use TokenUse) VerifierOption {
	return verifierOption(func(o *verifierOptions) {
		if checkUse(use) != nil {
			o.refuse("WithHandlerUse", "want AccessToken or IDToken, got "+quote(string(use)))
		}
		o.handler.use = use
	})
}

// WithHandlerClaims makes [Verifier.Handler] decode the claims of each token into a T as well, as
// [Verifier.VerifyInto] does. Handlers get it with [CustomClaimsFromContext]. A token whose claims do not fit
// into a T is rejected with 401.
func WithHandlerClaims[T any]() VerifierOption {
	return verifierOption(func(o *verifierOptions) { o.handler.newClaims = func() any { return new(T) } })
}

// WithErrorHandler sets what writes the response to a request that [Verifier.Handler], or [RequireGroups]
// and its like inside it, reject. handle is called with WWW-Authenticate, Cache-Control and Retry-After set
// as far as they apply, the status (401, 403 or 503) and the reason, a [*TokenError], which says more than a
// stranger should read. It usually writes a body; if it does not call WriteHeader, status is sent. The
// default writes the status text as plain text.
func WithErrorHandler(handle func(w http.ResponseWriter, r *http.Request, status int, err error)) VerifierOption {
	return verifierOption(func(o *verifierOptions) {
		if handle == nil {
			o.refuse("WithErrorHandler", "want a function, got nil")
		}
		o.handler.onError = handle
	})
}

// Check verifies the access token that r carries and returns its claims. The token is found as
// [WithTokenExtractor] says: by default in the one Authorization header, as "Bearer " and the token, and
// nowhere else. The error is a [*TokenError]: [ErrNoToken] when there is none, [ErrKeysUnavailable] when it
// could not be checked, [ErrNotInGroup] and [ErrInsufficientScope] when it is good but not enough, and
// another reason when it is bad. Check does not change r. It is safe for concurrent use.
func (v *Verifier) Check(r *http.Request) (*AccessClaims, error) { return v.settings().check(r, v) }

// CheckID verifies the ID token that r carries, as [Verifier.Check] does for an access token.
func (v *Verifier) CheckID(r *http.Request) (*IDClaims, error) { return v.settings().checkID(r, v) }

// CheckContext verifies the token that r carries as [Verifier.Handler] does, and returns the context of r with its
// claims, for middleware of other frameworks. Handlers find them with [ClaimsFromContext] and its like. The error is a
// [*TokenError], as for [Verifier.Check]; [TokenError.StatusCode] says how Handler answers it.
func (v *Verifier) CheckContext(r *http.Request) (context.Context, error) {
	return v.settings().checkContext(r, v)
}

// Handler calls next for requests with a good token, with its claims in their context (see
// [ClaimsFromContext]). It answers the others itself, as RFC 6750 says and without details in the body: 401
// without a good token, 403 when [WithGroups] or [WithScopes] reject it, both with WWW-Authenticate, and 503
// with Retry-After when the keys could not be fetched. [WithLogger] gets the details; [WithErrorHandler]
// writes other bodies. Use [RequireGroups], [RequireScopes] and [RequireACR] inside it for rules that differ
// between routes.
//
// All methods need a token, OPTIONS too; a handler for CORS, whose preflights carry none, goes around this
// one.
func (v *Verifier) Handler(next http.Handler) http.Handler {
	return v.settings().protect(v, next, false)
}

// HandlerOptional is [Verifier.Handler] for pages that work without a token: a request without one reaches
// next, without claims in its context. A request with a bad token is answered as Handler does.
func (v *Verifier) HandlerOptional(next http.Handler) http.Handler {
	return v.settings().protect(v, next, true)
}

func (v *Verifier) settings() *handlerSettings {
	if v == nil {
		return &handlerSettings{}
	}
	return &v.handler
}

// BearerToken is the [TokenExtractor] for the Authorization header: "Bearer ", in any case, and the token.
func BearerToken(r *http.Request) (string, error) {
	fields := r.Header["Authorization"]
	switch len(fields) {
	case 0:
		return "", ErrNoToken
	case 1:
	default:
		return "", fmt.Errorf("%w: got %d headers", errAuthorization, len(fields))
	}
	scheme, token, _ := strings.Cut(fields[0], " ")
	if !strings.EqualFold(scheme, "Bearer") { // in any case: RFC 9110, section 11.1
		return "", fmt.Errorf("%w: the Authorization header is for another scheme", ErrNoToken)
	}
	token = strings.TrimLeft(token, " ")
	if token == "" || strings.ContainsAny(token, " \t,") {
		return "", errAuthorization
	}
	return token, nil
}

// HeaderToken returns the [TokenExtractor] for the header name, whose value is the token alone. An empty
// header counts as none.
func HeaderToken(name string) TokenExtractor {
	return func(r *http.Request) (string, error) {
		switch fields := r.Header.Values(name); {
		case len(fields) == 0 || len(fields) == 1 && fields[0] == "":
			return "", fmt.Errorf("%w in its header %s", ErrNoToken, quote(name))
		case len(fields) > 1:
			return "", fmt.Errorf("want one header %s, got %d", quote(name), len(fields))
		default:
			return fields[0], nil
		}
	}
}

// CookieToken returns the [TokenExtractor] for the cookie name, whose value is the token. An empty cookie
// counts as none. See [WithTokenExtractor] on requests from other sites.
func CookieToken(name string) TokenExtractor {
	return func(r *http.Request) (string, error) {
		switch cookies := r.CookiesNamed(name); {
		case len(cookies) == 0 || len(cookies) == 1 && cookies[0].Value == "":
			return "", fmt.Errorf("%w in its cookie %s", ErrNoToken, quote(name))
		case len(cookies) > 1:
			return "", fmt.Errorf("want one cookie %s, got %d", quote(name), len(cookies))
		default:
			return cookies[0].Value, nil
		}
	}
}

// authenticated is what a request's context holds: the claims of its token, and how its handlers answer
// when these are not enough. The claims of the token become a value for the caller when it asks for them, since
// many handlers never do; all that ask get the same.
type authenticated struct {
	token    *verifiedToken // nil outside of a Handler
	use      TokenUse       // of token
	access   atomic.Pointer[AccessClaims]
	id       atomic.Pointer[IDClaims]
	custom   any
	settings *handlerSettings // nil outside of a Handler
}

type authenticatedKey struct{}

// authenticatedFrom returns nil if the context holds nothing.
func authenticatedFrom(ctx context.Context) *authenticated {
	a, _ := ctx.Value(authenticatedKey{}).(*authenticated)
	return a
}

func (a *authenticated) into(ctx context.Context) context.Context {
	return context.WithValue(ctx, authenticatedKey{}, a)
}

// accessClaims returns nil if there are none.
func (a *authenticated) accessClaims() *AccessClaims {
	if a == nil {
		return nil
	}
	if a.token != nil && a.use == AccessToken && a.access.Load() == nil {
		if made, err := a.token.access(); err == nil {
			a.access.CompareAndSwap(nil, made)
		}
	}
	return a.access.Load()
}

// idClaims returns nil if there are none.
func (a *authenticated) idClaims() *IDClaims {
	if a == nil {
		return nil
	}
	if a.token != nil && a.use == IDToken && a.id.Load() == nil {
		if made, err := a.token.identity(); err == nil {
			a.id.CompareAndSwap(nil, made)
		}
	}
	return a.id.Load()
}

// with returns a copy of what ctx holds, which change has changed.
func with(ctx context.Context, change func(*authenticated)) context.Context {
	a := &authenticated{}
	if from := authenticatedFrom(ctx); from != nil {
		a.access.Store(from.accessClaims())
		a.id.Store(from.idClaims())
		a.custom, a.settings = from.custom, from.settings
	}
	change(a)
	return a.into(ctx)
}

// granted is what rules for single handlers look at.
type granted struct {
	use      TokenUse
	groups   []string
	scope    string
	acr      string
	authTime time.Time // the zero time where the token does not say
}

// granted returns ok false if there are no claims.
func (a *authenticated) granted() (g granted, ok bool) {
	if a == nil {
		return g, false
	}
	access, id := a.access.Load(), a.id.Load()
	var authTime *jwt.NumericDate
	switch {
	case access != nil:
		g = granted{use: AccessToken, groups: access.Groups, scope: access.Scope, acr: access.ACR}
		authTime = access.AuthTime
	case id != nil:
		g = granted{use: IDToken, groups: id.Groups, acr: id.ACR}
		authTime = id.AuthTime
	case a.token != nil:
		c := &a.token.claims
		g = granted{use: a.use, groups: c.groups, scope: c.scope, acr: c.acr}
		authTime = c.authTime.numeric()
	default:
		return g, false
	}
	if authTime != nil {
		g.authTime = authTime.Time
	}
	return g, true
}

// ClaimsFromContext returns the access token's claims that [Verifier.Handler] put into a request's context;
// ok is false when there are none. Handlers of one request share the claims and must not change them.
func ClaimsFromContext(ctx context.Context) (claims *AccessClaims, ok bool) {
	claims = authenticatedFrom(ctx).accessClaims()
	return claims, claims != nil
}

// IDClaimsFromContext returns the ID token's claims, as [ClaimsFromContext] does, under [WithHandlerUse].
func IDClaimsFromContext(ctx context.Context) (claims *IDClaims, ok bool) {
	claims = authenticatedFrom(ctx).idClaims()
	return claims, claims != nil
}

// CustomClaimsFromContext returns the claims that [Verifier.Handler] decoded under [WithHandlerClaims]; ok is
// false when there are none, or none of type T.
func CustomClaimsFromContext[T any](ctx context.Context) (claims *T, ok bool) {
	if a := authenticatedFrom(ctx); a != nil {
		claims, _ = a.custom.(*T)
	}
	return claims, claims != nil
}

// ContextWithClaims returns a copy of ctx in which [ClaimsFromContext] finds claims: for tests of handlers,
// and for middleware that calls [Verifier.VerifyAccessToken] itself. Claims of other kinds in ctx stay.
func ContextWithClaims(ctx context.Context, claims *AccessClaims) context.Context {
	return with(ctx, func(a *authenticated) { a.access.Store(claims) })
}

// ContextWithIDClaims is [ContextWithClaims] for [IDClaimsFromContext].
func ContextWithIDClaims(ctx context.Context, claims *IDClaims) context.Context {
	return with(ctx, func(a *authenticated) { a.id.Store(claims) })
}

// ContextWithCustomClaims is [ContextWithClaims] for [CustomClaimsFromContext].
func ContextWithCustomClaims[T any](ctx context.Context, claims *T) context.Context {
	return with(ctx, func(a *authenticated) { a.custom = claims })
}

// RequireGroups calls next for requests of users in at least one of the groups, and answers the others with
// 403. It goes inside [Verifier.Handler]; one RequireGroups inside another wants both. A request without
// claims in its context is answered with 401. Without names nobody passes.
func RequireGroups(next http.Handler, anyOf ...string) http.Handler {
	anyOf = slices.Clone(anyOf)
	return require(next, func(g granted, _ *handlerSettings) error {
		if !containsAny(slices.Values(g.groups), anyOf) {
			return fmt.Errorf("%w: want %s", ErrNotInGroup, strings.Join(anyOf, " or "))
		}
		return nil
	})
}

// RequireScopes calls next for requests whose access token has at least one of the scopes, and answers the
// others with 403. It is used like [RequireGroups]. ID tokens have no scopes. See [WithScopes] on the scopes
// that a sign-in with this package yields.
func RequireScopes(next http.Handler, anyOf ...string) http.Handler {
	anyOf = slices.Clone(anyOf)
	return require(next, func(g granted, _ *handlerSettings) error {
		if g.use != AccessToken || !containsAny(strings.FieldsSeq(g.scope), anyOf) {
			return fmt.Errorf("%w: want %s", ErrInsufficientScope, strings.Join(anyOf, " or "))
		}
		return nil
	})
}

// RequireACR calls next for requests of users who signed in at one of the levels (the acr claim) and not
// longer than maxAge ago (the auth_time claim). It answers the others with 401 and a challenge that names
// both, as RFC 9470 says, so that the client can have the user sign in again. Without levels only the age
// counts, and with a maxAge of 0 only the level; with neither nobody passes. It is used like
// [RequireGroups].
//
// A pool ignores requested levels that its plan does not offer, so do not rely on what was requested.
func RequireACR(next http.Handler, levels []string, maxAge time.Duration) http.Handler {
	levels = slices.Clone(levels)
	return require(next, func(g granted, s *handlerSettings) error {
		e := &authenticationError{levels: levels, maxAge: maxAge}
		now := time.Now
		if s != nil && s.now != nil {
			now = s.now
		}
		switch {
		case maxAge < 0 || len(levels) == 0 && maxAge == 0,
			len(levels) > 0 && (g.acr == "" || !slices.Contains(levels, g.acr)),
			maxAge > 0 && (g.authTime.IsZero() || now().Sub(g.authTime) > maxAge):
			return e
		default:
			return nil
		}
	})
}

// authenticationError is ErrInsufficientAuthentication with what is wanted.
type authenticationError struct {
	levels []string
	maxAge time.Duration
}

// Unwrap returns [ErrInsufficientAuthentication].
func (e *authenticationError) Unwrap() error { return ErrInsufficientAuthentication }

// Error returns the levels and the age of the sign-in that are required.
func (e *authenticationError) Error() string {
	text := ErrInsufficientAuthentication.Error()
	if len(e.levels) > 0 {
		text += ": want the level " + strings.Join(e.levels, " or ")
	}
	if e.maxAge > 0 {
		text += fmt.Sprintf(": want a sign-in within %v", e.maxAge)
	}
	return text
}

// challenge is the value of WWW-Authenticate that RFC 9470, section 3, defines.
func (e *authenticationError) challenge() string {
	text := `Bearer error="insufficient_user_authentication", error_description="A different sign-in is required"`
	if levels := strings.Map(quotable, strings.Join(e.levels, " ")); levels != "" {
		text += `, acr_values="` + levels + `"`
	}
	if e.maxAge > 0 {
		text += `, max_age="` + strconv.FormatInt(int64(e.maxAge/time.Second), 10) + `"`
	}
	return text
}

// quotable drops what cannot stand in a quoted string of a header.
func quotable(r rune) rune {
	if r < ' ' || r > '~' || r == '"' || r == '\\' {
		return -1
	}
	return r
}

// require calls next for requests with claims in their context that enough finds to be enough.
func require(next http.Handler, enough func(granted, *handlerSettings) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var settings *handlerSettings
		a := authenticatedFrom(r.Context())
		if a != nil {
			settings = a.settings
		}
		err, use := ErrNoToken, AccessToken
		if g, ok := a.granted(); ok {
			err, use = enough(g, settings), g.use
		}
		if err != nil {
			settings.refuse(w, r, &TokenError{Use: use, Reason: err})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// handlerSettings is what the options of a verifier say about its handlers.
type handlerSettings struct {
	extractors []TokenExtractor // nil: BearerToken
	use        TokenUse         // "": AccessToken
	newClaims  func() any       // nil: no claims type of the caller's
	onError    func(w http.ResponseWriter, r *http.Request, status int, err error)
	now        func() time.Time
}

// authenticator is what a [Verifier] and a [MultiVerifier] have in common.
type authenticator interface {
	authenticate(ctx context.Context, raw string, use TokenUse) (*verifiedToken, error)
}

func (s *handlerSettings) check(r *http.Request, v authenticator) (*AccessClaims, error) {
	t, err := s.verify(r, v, AccessToken)
	if err != nil {
		return nil, err
	}
	return t.access()
}

func (s *handlerSettings) checkID(r *http.Request, v authenticator) (*IDClaims, error) {
	t, err := s.verify(r, v, IDToken)
	if err != nil {
		return nil, err
	}
	return t.identity()
}

func (s *handlerSettings) checkContext(r *http.Request, v authenticator) (context.Context, error) {
	a, err := s.admit(r, v)
	if err != nil {
		return nil, err
	}
	return a.into(r.Context()), nil
}

func (s *handlerSettings) verify(r *http.Request, v authenticator, use TokenUse) (*verifiedToken, error) {
	raw, err := s.extract(r)
	if err != nil {
		return nil, &TokenError{Use: use, Reason: err}
	}
	return v.authenticate(r.Context(), raw, use)
}

// extract finds the token of a request.
func (s *handlerSettings) extract(r *http.Request) (string, error) {
	if s.extractors == nil {
		return BearerToken(r)
	}
	for _, extract := range s.extractors {
		raw, err := extract(r)
		switch {
		case errors.Is(err, ErrNoToken), err == nil && raw == "":
			continue
		case err == nil || errors.Is(err, errAuthorization):
			return raw, err
		default:
			return "", fmt.Errorf("%w: %w", errAuthorization, err)
		}
	}
	return "", ErrNoToken
}

func (s *handlerSettings) protect(v authenticator, next http.Handler, optional bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, err := s.admit(r, v)
		if err != nil && (!optional || !errors.Is(err, ErrNoToken)) {
			s.refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(a.into(r.Context())))
	})
}

// admit verifies the token of a request and makes what its context holds.
func (s *handlerSettings) admit(r *http.Request, v authenticator) (*authenticated, error) {
	a := &authenticated{settings: s, use: AccessToken}
	if s.use != "" {
		a.use = s.use
	}
	t, err := s.verify(r, v, a.use)
	if err != nil {
		return a, err
	}
	if s.newClaims != nil {
		custom := s.newClaims()
		if err := t.decode(a.use, custom); err != nil {
			return a, err
		}
		a.custom = custom
	}
	a.token = t
	return a, nil
}

// refuse answers a request whose token is not good, or not enough.
func (s *handlerSettings) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status, challenge := statusOf(err), `Bearer error="invalid_token"`
	var step *authenticationError
	switch {
	case status == http.StatusServiceUnavailable:
		challenge = ""
	case status == http.StatusForbidden:
		challenge = `Bearer error="insufficient_scope"`
	case errors.Is(err, ErrNoToken): // a request without credentials gets no error code
		challenge = `Bearer realm="api"`
	case errors.Is(err, errAuthorization):
		challenge = `Bearer error="invalid_request"`
	case errors.As(err, &step):
		challenge = step.challenge()
	}
	h := w.Header()
	if challenge != "" {
		h.Set("WWW-Authenticate", challenge)
	} else {
		h.Set("Retry-After", "1")
	}
	h.Set("Cache-Control", "no-store")
	if s != nil && s.onError != nil {
		once := &statusWriter{ResponseWriter: w, status: status}
		s.onError(once, r, status, err)
		once.send(status)
		return
	}
	if r.Method == http.MethodHead {
		w.WriteHeader(status)
		return
	}
	http.Error(w, http.StatusText(status), status)
}

func statusOf(err error) int {
	switch {
	case errors.Is(err, ErrKeysUnavailable), errors.Is(err, ErrRevocationUnknown):
		return http.StatusServiceUnavailable
	case errors.Is(err, ErrNotInGroup), errors.Is(err, ErrInsufficientScope):
		return http.StatusForbidden
	default:
		return http.StatusUnauthorized
	}
}

// statusWriter sends its status before a body, where a handler of errors does not call WriteHeader: else
// net/http would send 200.
type statusWriter struct {
	http.ResponseWriter

	status int
	sent   bool
}

func (w *statusWriter) send(status int) {
	if !w.sent {
		w.sent = status >= 200 // an informational one is not the response yet
		w.ResponseWriter.WriteHeader(status)
	}
}

// WriteHeader sends the handler's own status.
func (w *statusWriter) WriteHeader(status int) { w.send(status) }

// Write sends text, after the status if the handler has sent none.
func (w *statusWriter) Write(text []byte) (int, error) {
	w.send(w.status)
	return w.ResponseWriter.Write(text)
}

// Unwrap is for [http.ResponseController].
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
