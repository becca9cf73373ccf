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

// ErrNoToken means that the request contains no token. It is the reason in a [*TokenError].
var ErrNoToken = errors.New("request has no token")

// errAuthorization means that the request contains a token that is malformed, or several tokens.
var errAuthorization = errors.New("want exactly one bearer token")

// A TokenExtractor returns the token of a request. It returns an error that wraps [ErrNoToken] if
// there is none, and another error if the token is malformed or the request contains several. It
// must not change r. It must be safe for concurrent use.
type TokenExtractor func(r *http.Request) (raw string, err error)

// WithTokenExtractor sets how [Verifier.Check] and [Verifier.Handler] find the token of a request.
// The extractors are called in order. The first one that returns a token, or an error other than
// [ErrNoToken], decides. The default is [BearerToken] alone.
//
// A browser also sends cookies with requests that other sites cause. With [CookieToken], protect
// requests that change state with [net/http.CrossOriginProtection].
func WithTokenExtractor(extractors ...TokenExtractor) VerifierOption {
	extractors = slices.Clone(extractors)
	return verifierOption(func(o *verifierOptions) {
		if len(extractors) == 0 || slices.ContainsFunc(extractors, func(e TokenExtractor) bool { return e == nil }) {
			o.refuse("WithTokenExtractor", "want at least one function, and none of them nil")
		}
		o.handler.extractors = extractors
	})
}

// WithHandlerUse sets which token [Verifier.Handler] and [Verifier.HandlerOptional] expect. The
// default is [AccessToken]. With [IDToken], handlers get the claims with [IDClaimsFromContext].
func WithHandlerUse(use TokenUse) VerifierOption {
	return verifierOption(func(o *verifierOptions) {
		if checkUse(use) != nil {
			o.refuse("WithHandlerUse", "want AccessToken or IDToken, got "+quote(string(use)))
		}
		o.handler.use = use
	})
}

// WithHandlerClaims makes [Verifier.Handler] also decode the claims of each token into a T, as
// [Verifier.VerifyInto] does. Handlers get it with [CustomClaimsFromContext]. A token whose claims
// cannot be decoded into a T is rejected with status 401.
func WithHandlerClaims[T any]() VerifierOption {
	return verifierOption(func(o *verifierOptions) { o.handler.newClaims = func() any { return new(T) } })
}

// WithErrorHandler sets the function that writes the response to a rejected request. It applies to
// [Verifier.Handler], and to [RequireGroups], [RequireScopes] and [RequireACR] inside it. The
// headers WWW-Authenticate, Cache-Control and Retry-After are already set, as far as they apply.
// status is 401, 403 or 503. err is a [*TokenError], which says more than a client should see.
// handle usually writes a body. If it does not call WriteHeader, status is sent. It may be called
// from several goroutines. The default writes the status text as plain text.
func WithErrorHandler(handle func(w http.ResponseWriter, r *http.Request, status int, err error)) VerifierOption {
	return verifierOption(func(o *verifierOptions) {
		if handle == nil {
			o.refuse("WithErrorHandler", "want a function, got nil")
		}
		o.handler.onError = handle
	})
}

// Check verifies the access token of r and returns its claims. It finds the token as
// [WithTokenExtractor] describes. By default that is the Authorization header, which must contain
// "Bearer " and the token. Check does not change r. It is safe for concurrent use.
//
// The error is a [*TokenError]. Common errors: [ErrNoToken] if there is no token;
// [ErrKeysUnavailable] or, with [WithRevocationCheck], [ErrRevocationUnknown] if the token could
// not be checked; [ErrNotInGroup] or [ErrInsufficientScope] if it is valid but [WithGroups] or
// [WithScopes] rejects it; and another reason if it is invalid.
func (v *Verifier) Check(r *http.Request) (*AccessClaims, error) { return v.settings().check(r, v) }

// CheckID verifies the ID token of r and returns its claims, like [Verifier.Check].
func (v *Verifier) CheckID(r *http.Request) (*IDClaims, error) { return v.settings().checkID(r, v) }

// CheckContext verifies the token of r as [Verifier.Handler] does. It returns the context of r with
// the claims added. Use it in middleware for other frameworks. Handlers get the claims with
// [ClaimsFromContext], [IDClaimsFromContext] or [CustomClaimsFromContext]. The error is a
// [*TokenError], as in [Verifier.Check]. [TokenError.StatusCode] returns the status that Handler
// would send.
func (v *Verifier) CheckContext(r *http.Request) (context.Context, error) {
	return v.settings().checkContext(r, v)
}

// Handler returns a handler that calls next for requests with a valid token. Their context contains
// the claims; see [ClaimsFromContext]. It rejects other requests as RFC 6750 describes, without
// details in the body: with status 401 if there is no valid token, with 403 if [WithGroups] or
// [WithScopes] rejects it, both with WWW-Authenticate, and with 503 and Retry-After if the token
// could not be checked: the keys could not be fetched or, with [WithRevocationCheck], the service
// could not be asked. The details go to the logger of [WithLogger]. [WithErrorHandler] can write
// other bodies. For rules that differ between routes, use [RequireGroups], [RequireScopes] and
// [RequireACR] inside it.
//
// Requests of every method need a token, including OPTIONS. CORS preflight requests have none, so
// handle them before they reach this handler.
func (v *Verifier) Handler(next http.Handler) http.Handler {
	return v.settings().protect(v, next, false)
}

// HandlerOptional is like [Verifier.Handler], but it passes a request without a token to next,
// without claims in its context. It rejects a request with an invalid token as Handler does.
func (v *Verifier) HandlerOptional(next http.Handler) http.Handler {
	return v.settings().protect(v, next, true)
}

func (v *Verifier) settings() *handlerSettings {
	if v == nil {
		return &handlerSettings{}
	}
	return &v.handler
}

// BearerToken is the [TokenExtractor] for the Authorization header. The header contains "Bearer ",
// in any case, and the token. A header with another scheme counts as no token.
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
	if !strings.EqualFold(scheme, "Bearer") { // RFC 9110, section 11.1: the scheme is case-insensitive
		return "", fmt.Errorf("%w: the Authorization header has another scheme, want Bearer", ErrNoToken)
	}
	token = strings.TrimLeft(token, " ")
	if token == "" || strings.ContainsAny(token, " \t,") {
		return "", errAuthorization
	}
	return token, nil
}

// HeaderToken returns a [TokenExtractor] for the header name, whose value is the token alone. An
// empty header counts as no token.
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

// CookieToken returns a [TokenExtractor] for the cookie name, whose value is the token. An empty
// cookie counts as no token. See [WithTokenExtractor] about requests from other sites.
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

// authenticated is the value in a request's context: the claims of its token, and how to reject the
// request if they do not suffice. The claims are converted on the first use, since many handlers
// never read them. All handlers of a request get the same claims.
type authenticated struct {
	token    *verifiedToken // nil outside a Handler
	use      TokenUse       // of token
	access   atomic.Pointer[AccessClaims]
	id       atomic.Pointer[IDClaims]
	custom   any
	settings *handlerSettings // nil outside a Handler
}

type authenticatedKey struct{}

// authenticatedFrom returns nil if ctx holds no value.
func authenticatedFrom(ctx context.Context) *authenticated {
	a, _ := ctx.Value(authenticatedKey{}).(*authenticated)
	return a
}

// into returns a copy of ctx that holds a.
func (a *authenticated) into(ctx context.Context) context.Context {
	return context.WithValue(ctx, authenticatedKey{}, a)
}

// accessClaims returns nil if there are none.
func (a *authenticated) accessClaims() *AccessClaims {
	if a == nil {
		return nil
	}
	if a.token != nil && a.use == AccessToken && a.access.Load() == nil {
		if claims, err := a.token.access(); err == nil {
			a.access.CompareAndSwap(nil, claims)
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
		if claims, err := a.token.identity(); err == nil {
			a.id.CompareAndSwap(nil, claims)
		}
	}
	return a.id.Load()
}

// withAuthenticated returns a copy of ctx in which change has changed the authenticated value.
func withAuthenticated(ctx context.Context, change func(*authenticated)) context.Context {
	a := &authenticated{}
	if from := authenticatedFrom(ctx); from != nil {
		a.access.Store(from.accessClaims())
		a.id.Store(from.idClaims())
		a.custom, a.settings = from.custom, from.settings
	}
	change(a)
	return a.into(ctx)
}

// granted holds the claims that RequireGroups, RequireScopes and RequireACR check.
type granted struct {
	use      TokenUse
	groups   []string
	scope    string
	acr      string
	authTime time.Time // zero if the token has no such claim
}

// granted returns the claims to check. ok is false if there are none.
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

// ClaimsFromContext returns the access token's claims that [Verifier.Handler] stored in a request's
// context. ok is false if there are none. All handlers of a request share the claims and must not
// change them.
func ClaimsFromContext(ctx context.Context) (claims *AccessClaims, ok bool) {
	claims = authenticatedFrom(ctx).accessClaims()
	return claims, claims != nil
}

// IDClaimsFromContext returns the ID token's claims that [Verifier.Handler] stored in a request's
// context under [WithHandlerUse]. ok is false if there are none. All handlers of a request share
// the claims and must not change them.
func IDClaimsFromContext(ctx context.Context) (claims *IDClaims, ok bool) {
	claims = authenticatedFrom(ctx).idClaims()
	return claims, claims != nil
}

// CustomClaimsFromContext returns the claims that [Verifier.Handler] decoded under
// [WithHandlerClaims]. ok is false if there are none, or none of type T.
func CustomClaimsFromContext[T any](ctx context.Context) (claims *T, ok bool) {
	if a := authenticatedFrom(ctx); a != nil {
		claims, _ = a.custom.(*T)
	}
	return claims, claims != nil
}

// ContextWithClaims returns a copy of ctx in which [ClaimsFromContext] finds claims. Use it in
// tests of handlers, and in middleware that calls [Verifier.VerifyAccessToken] itself. Other claims
// in ctx stay.
func ContextWithClaims(ctx context.Context, claims *AccessClaims) context.Context {
	return withAuthenticated(ctx, func(a *authenticated) { a.access.Store(claims) })
}

// ContextWithIDClaims is like [ContextWithClaims] for [IDClaimsFromContext].
func ContextWithIDClaims(ctx context.Context, claims *IDClaims) context.Context {
	return withAuthenticated(ctx, func(a *authenticated) { a.id.Store(claims) })
}

// ContextWithCustomClaims is like [ContextWithClaims] for [CustomClaimsFromContext].
func ContextWithCustomClaims[T any](ctx context.Context, claims *T) context.Context {
	return withAuthenticated(ctx, func(a *authenticated) { a.custom = claims })
}

// ContextWithErrorHandler returns a copy of ctx in which handle writes the responses to requests
// that [RequireGroups], [RequireScopes] and [RequireACR] reject, as under [WithErrorHandler]. Use
// it where [ContextWithClaims] takes the place of [Verifier.Handler]. If handle is nil, the status
// text is written.
func ContextWithErrorHandler(
	ctx context.Context, handle func(w http.ResponseWriter, r *http.Request, status int, err error),
) context.Context {
	return withAuthenticated(ctx, func(a *authenticated) {
		settings := handlerSettings{}
		if a.settings != nil {
			settings = *a.settings
		}
		settings.onError = handle
		a.settings = &settings
	})
}

// RequireGroups returns a handler that calls next if the user is in at least one of the groups. It
// rejects other requests with status 403, and a request without claims in its context with 401. Use
// it inside [Verifier.Handler]. To require several groups, put one RequireGroups inside another.
// Without groups every request is rejected.
func RequireGroups(next http.Handler, anyOf ...string) http.Handler {
	anyOf = slices.Clone(anyOf)
	return require(next, func(g granted, _ *handlerSettings) error {
		if !containsAny(slices.Values(g.groups), anyOf) {
			return fmt.Errorf("%w: want %s", ErrNotInGroup, strings.Join(anyOf, " or "))
		}
		return nil
	})
}

// RequireScopes returns a handler that calls next if the access token has at least one of the
// scopes. It rejects other requests with status 403, including those with an ID token, which has no
// scopes. Otherwise it is like [RequireGroups]. See [WithScopes] about the scopes of tokens from a
// sign-in with this package.
func RequireScopes(next http.Handler, anyOf ...string) http.Handler {
	anyOf = slices.Clone(anyOf)
	return require(next, func(g granted, _ *handlerSettings) error {
		if g.use != AccessToken || !containsAny(strings.FieldsSeq(g.scope), anyOf) {
			return fmt.Errorf("%w: want %s", ErrInsufficientScope, strings.Join(anyOf, " or "))
		}
		return nil
	})
}

// RequireACR returns a handler that calls next if the user reached one of the levels (the acr
// claim) and signed in no longer than maxAge ago (the auth_time claim). It rejects other requests
// with status 401 and a challenge that names the levels and maxAge, as RFC 9470 describes, so that
// the client can start a new sign-in. Without levels it checks only the age, and with a maxAge of 0
// only the level. With neither, every request is rejected. Otherwise it is like [RequireGroups].
//
// A pool ignores requested levels that its feature plan does not include. Rely on the acr claim,
// not on what was requested.
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

// authenticationError is ErrInsufficientAuthentication with the required levels and age.
type authenticationError struct {
	levels []string
	maxAge time.Duration
}

// Unwrap returns [ErrInsufficientAuthentication].
func (e *authenticationError) Unwrap() error { return ErrInsufficientAuthentication }

// Error returns the required levels and the maximum age of the sign-in.
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

// challenge returns the value of WWW-Authenticate that RFC 9470, section 3, defines.
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

// quotable drops characters that are not allowed in a quoted string of a header.
func quotable(r rune) rune {
	if r < ' ' || r > '~' || r == '"' || r == '\\' {
		return -1
	}
	return r
}

// require returns a handler that calls next if the context holds claims for which check returns
// nil.
func require(next http.Handler, check func(granted, *handlerSettings) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var settings *handlerSettings
		a := authenticatedFrom(r.Context())
		if a != nil {
			settings = a.settings
		}
		err, use := ErrNoToken, AccessToken
		if g, ok := a.granted(); ok {
			err, use = check(g, settings), g.use
		}
		if err != nil {
			settings.reject(w, r, &TokenError{Use: use, Reason: err})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// handlerSettings are a verifier's options for its handlers.
type handlerSettings struct {
	extractors []TokenExtractor // nil means BearerToken
	use        TokenUse         // "" means AccessToken
	newClaims  func() any       // nil without WithHandlerClaims
	onError    func(w http.ResponseWriter, r *http.Request, status int, err error)
	now        func() time.Time
}

// authenticator is the method that [Verifier] and [MultiVerifier] share.
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

// extract returns the token of a request.
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

// protect returns the handler of [Verifier.Handler], or with optional that of
// [Verifier.HandlerOptional].
func (s *handlerSettings) protect(v authenticator, next http.Handler, optional bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, err := s.admit(r, v)
		if err != nil && (!optional || !errors.Is(err, ErrNoToken)) {
			s.reject(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(a.into(r.Context())))
	})
}

// admit verifies the token of a request and returns the value for its context.
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

// reject writes the response to a request whose token is missing, invalid or insufficient.
func (s *handlerSettings) reject(w http.ResponseWriter, r *http.Request, err error) {
	status, challenge := statusOf(err), `Bearer error="invalid_token"`
	var insufficient *authenticationError
	switch {
	case status == http.StatusServiceUnavailable:
		challenge = ""
	case status == http.StatusForbidden:
		challenge = `Bearer error="insufficient_scope"`
	case errors.Is(err, ErrNoToken): // a request without credentials gets no error code
		challenge = `Bearer realm="api"`
	case errors.Is(err, errAuthorization):
		challenge = `Bearer error="invalid_request"`
	case errors.As(err, &insufficient):
		challenge = insufficient.challenge()
	}
	h := w.Header()
	if challenge != "" {
		h.Set("WWW-Authenticate", challenge)
	} else {
		h.Set("Retry-After", "1")
	}
	h.Set("Cache-Control", "no-store")
	if s != nil && s.onError != nil {
		sw := &statusWriter{ResponseWriter: w, status: status}
		s.onError(sw, r, status, err)
		sw.send(status)
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

// statusWriter sends its status before the body if the error handler does not call WriteHeader.
// Otherwise net/http would send 200.
type statusWriter struct {
	http.ResponseWriter

	status int
	sent   bool
}

func (w *statusWriter) send(status int) {
	if !w.sent {
		w.sent = status >= 200 // an informational status is not the final one
		w.ResponseWriter.WriteHeader(status)
	}
}

// WriteHeader sends the error handler's own status.
func (w *statusWriter) WriteHeader(status int) { w.send(status) }

// Write sends text. If no status was sent, it sends that of w first.
func (w *statusWriter) Write(text []byte) (int, error) {
	w.send(w.status)
	return w.ResponseWriter.Write(text)
}

// FlushError sends what was written so far, and the status of w if no other was sent.
func (w *statusWriter) FlushError() error {
	w.send(w.status)
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap returns the wrapped writer, for [http.ResponseController].
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
