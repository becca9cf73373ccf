package cognito

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gocognito/cognito/internal/backoff"
)

const (
	signInTimeout  = 5 * time.Minute  // bounds a transport's sign-in; a challenge handler may ask a user
	challengePause = 3 * time.Minute  // how long a pending challenge prevents a new sign-in
	refusalPause   = 30 * time.Second // pause after a new token was rejected, too: not every 401 costs a refresh
)

// Transport is an [http.RoundTripper] that adds a session's token to requests for the origins of
// [WithOrigins]. Requests for other hosts, ports or schemes, such as after a redirect, are sent
// without it. With a password, it signs in on the first request, and again when the refresh token
// is no longer valid. Without one, it uses the session's tokens. It refreshes tokens before they
// expire.
//
// If the server answers with 401, the request is retried once with a new token, provided that its
// body can be read again (see [http.Request.GetBody]). A request that already has the header is
// sent unchanged. So is a request with user info in its URL, or with a Host header that is not one
// of the origins.
//
// RoundTrip returns the errors of [Cognito.Token] and [Cognito.Authenticate]. [errors.As] and
// [errors.Is] find them in the [*url.Error] of an [http.Client]. A challenge that no
// [ChallengeHandler] answers is a [*ChallengeError]. It becomes the session's, and
// [Cognito.RespondToChallenge] answers it. Until then, requests in the next 3 minutes fail with the
// same error instead of starting another sign-in. After a wrong password the pause is 30 seconds at
// first, and at most half an hour.
//
// A Transport is safe for concurrent use. It prints without the password. Create one with
// [NewTransport].
type Transport struct {
	state *transport // behind a pointer, so that printing what holds the transport shows an address
}

var _ http.RoundTripper = (*Transport)(nil)

type transport struct {
	transportOptions

	c        *Cognito
	machine  *machine      // source of the tokens; nil: the session
	password func() string // a function, so that fmt prints an address; nil: never sign in
	err      error         // invalid options; no request is sent

	value   atomic.Pointer[headerValue] // of the last request
	refused atomic.Pointer[string]      // the last token that a server answered with 401
}

// headerValue caches the header's value for a token.
type headerValue struct{ token, value string }

// NewTransport returns a transport for c's session. It signs in with password; if password is "",
// it never signs in. NewTransport does no I/O. [WithOrigins] is required. Invalid options are
// reported by every RoundTrip, and no request is sent.
func NewTransport(c *Cognito, password string, opts ...TransportOption) *Transport {
	o := transportOptions{header: "Authorization", prefix: "Bearer ", use: AccessToken, base: http.DefaultTransport}
	for _, opt := range opts {
		if opt != nil {
			opt(&o)
		}
	}
	if !o.given {
		o.refuse("WithOrigins", "want at least one origin that tokens may be sent to, such as https://api.example.com")
	}
	if c == nil || c.pool == nil || c.session == nil {
		o.refuse("client", "want one from New, got none")
	}
	t := &transport{transportOptions: o, c: c, err: wrapError("NewTransport", errors.Join(o.errs...))}
	if password != "" {
		t.password = func() string { return password }
	}
	return &Transport{t}
}

// HTTPClient returns a copy of base whose transport is a [Transport] over base's transport. If base
// is nil, it copies the zero [http.Client]. The other arguments are those of [NewTransport].
func (c *Cognito) HTTPClient(base *http.Client, password string, opts ...TransportOption) *http.Client {
	var client http.Client
	if base != nil {
		client = *base
	}
	if client.Transport != nil {
		opts = append([]TransportOption{WithBase(client.Transport)}, opts...)
	}
	client.Transport = NewTransport(c, password, opts...)
	return &client
}

// RoundTrip sends req, with a token if it goes to one of the origins. It does not change req, and
// it closes its body.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if t == nil || t.state == nil {
		closeBody(req)
		return nil, wrapError("Transport", fieldError("transport", "want one from NewTransport"))
	}
	return t.state.roundTrip(req)
}

// CloseIdleConnections closes the idle connections of the base transport, if it can.
func (t *Transport) CloseIdleConnections() {
	if t == nil || t.state == nil {
		return
	}
	if base, ok := t.state.base.(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}

// Format prints the client that the transport sends tokens of, for every verb.
func (t Transport) Format(f fmt.State, _ rune) {
	if t.state == nil || t.state.c == nil {
		_, _ = io.WriteString(f, "Transport{}")
		return
	}
	_, _ = fmt.Fprintf(f, "Transport{%v}", t.state.c)
}

// LogValue logs what Format prints.
func (t Transport) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(t)) }

func (t *transport) roundTrip(req *http.Request) (*http.Response, error) {
	if t.err != nil {
		closeBody(req)
		return nil, t.err
	}
	if !t.takes(req) {
		return t.base.RoundTrip(req)
	}
	tokens, replaced, err := t.tokens(req)
	if err != nil {
		closeBody(req)
		return nil, err
	}
	resp, err := t.base.RoundTrip(t.withToken(req, tokens))
	switch {
	case err != nil || resp == nil || resp.StatusCode != http.StatusUnauthorized:
		return resp, err
	case replaced:
		t.refuse(req, tokens)
		return resp, nil
	default:
		return t.retry(req, resp, tokens)
	}
}

// takes reports whether req is sent with a token.
func (t *transport) takes(req *http.Request) bool {
	if t.hasHeader(req) || req.URL == nil || req.URL.User != nil || strings.HasPrefix(req.URL.Opaque, "//") ||
		t.cameFromElsewhere(req) {
		return false
	}
	// A virtual host or a proxy routes by the Host header, so that must name an allowed origin,
	// too.
	host := req.Host == "" || req.Host == req.URL.Host ||
		t.origins.have(&url.URL{Scheme: req.URL.Scheme, Host: req.Host})
	return host && t.origins.have(req.URL)
}

// hasHeader reports whether req has the token's header already, under any spelling.
func (t *transport) hasHeader(req *http.Request) bool {
	if _, has := req.Header[t.header]; has {
		return true
	}
	for name := range req.Header {
		if strings.EqualFold(name, t.header) {
			return true
		}
	}
	return false
}

// cameFromElsewhere reports whether req follows a redirect from a server that is not an allowed
// origin. Such a server must not choose what is called with the token.
func (t *transport) cameFromElsewhere(req *http.Request) bool {
	for resp := req.Response; resp != nil && resp.Request != nil; resp = resp.Request.Response {
		if resp.Request.URL == nil || !t.origins.have(resp.Request.URL) {
			return true
		}
	}
	return false
}

// withToken returns a copy of req with the token. The copy shares the body.
func (t *transport) withToken(req *http.Request, tokens *tokenSet) *http.Request {
	with := new(http.Request)
	*with = *req
	with.Header = maps.Clone(req.Header) // a shallow copy will do: no transport may change a request's values
	if with.Header == nil {
		with.Header = http.Header{}
	}
	with.Header[t.header] = []string{t.headerOf(t.pick(tokens))}
	return with
}

// retry retries a request that was answered with 401, with new tokens. If it cannot, it returns
// resp, and the next request uses new tokens.
func (t *transport) retry(req *http.Request, resp *http.Response, used *tokenSet) (*http.Response, error) {
	token := t.pick(used)
	t.refused.Store(&token)
	hasBody := req.Body != nil && req.Body != http.NoBody
	if hasBody && req.GetBody == nil || !t.mayReplace(req, used) {
		return resp, nil
	}
	tokens, err := t.refreshed(req.Context(), used, true)
	if err != nil || t.pick(tokens) == token || t.pick(tokens) == "" {
		return resp, nil //nolint:nilerr // the server's response says more than the failed refresh
	}
	repeated := t.withToken(req, tokens)
	if hasBody {
		if repeated.Body, err = req.GetBody(); err != nil {
			return resp, nil //nolint:nilerr // as above
		}
	}
	_ = resp.Body.Close() // not drained: the body may never end
	resp, err = t.base.RoundTrip(repeated)
	if err == nil && resp != nil && resp.StatusCode == http.StatusUnauthorized {
		t.refuse(req, tokens)
	}
	return resp, err
}

// errRefused is the error recorded in the table of refusals.
var errRefused = errors.New("the server has rejected new tokens, too")

// refusalKey identifies the tokens' user and the server of req. All sessions and transports of a
// client share the table of refusals.
func refusalKey(req *http.Request, tokens *tokenSet) string {
	return tokens.subject + "\x00" + req.URL.Host
}

// mayReplace reports whether a 401 may trigger a refresh. It may not shortly after the server
// rejected refreshed tokens, too.
func (t *transport) mayReplace(req *http.Request, tokens *tokenSet) bool {
	_, refused := t.c.shared().refusals.Recent(refusalKey(req, tokens), t.c.shared().now())
	return refused == nil
}

// refuse records that a server has rejected refreshed tokens.
func (t *transport) refuse(req *http.Request, tokens *tokenSet) {
	token := t.pick(tokens)
	t.refused.Store(&token)
	once := backoff.Policy{First: refusalPause, Max: refusalPause}
	t.c.shared().refusals.Failed(refusalKey(req, tokens), errRefused, once, t.c.shared().now())
}

// pick returns the token to send, or "" if there is none.
func (t *transport) pick(tokens *tokenSet) string {
	switch {
	case tokens == nil:
		return ""
	case t.use == IDToken:
		return tokens.IDToken
	default:
		return tokens.AccessToken
	}
}

// tokens returns the session's tokens, and signs in first if necessary. It replaces tokens that a
// server has rejected; replaced reports that.
func (t *transport) tokens(req *http.Request) (tokens *tokenSet, replaced bool, err error) {
	ctx := req.Context()
	if t.machine != nil {
		tokens, err = t.machine.current(ctx)
	} else {
		tokens, err = t.c.token(ctx)
		if err = wrapError("Token", err); t.mustSignIn(err) {
			tokens, err = t.signIn(ctx, nil)
		}
	}
	if err != nil {
		t.value.Store(nil) // do not keep expired tokens in memory
		return nil, false, err
	}
	if t.pick(tokens) == "" {
		if tokens, err = t.completed(ctx, tokens); err != nil {
			return nil, false, err
		}
		replaced = true
	}
	switch refused := t.refused.Load(); {
	case refused == nil:
	case t.pick(tokens) != *refused:
		t.refused.CompareAndSwap(refused, nil) // the rejected token has been replaced
	case t.mayReplace(req, tokens):
		if other, err := t.refreshed(ctx, tokens, true); err == nil && t.pick(other) != *refused {
			tokens, replaced = other, true
		} else {
			t.refuse(req, tokens)
		}
	}
	return tokens, replaced, nil
}

// completed returns tokens with the ID token that tokens lack: those of a refresh or a sign-in. If
// the scopes exclude the ID token, or the refresh fails, the session stays as it is, and the same
// error is returned for a while without asking again.
func (t *transport) completed(ctx context.Context, tokens *tokenSet) (*tokenSet, error) {
	p, key := t.c.shared(), tokens.subject+"\x00\x00"+string(t.use)
	if _, err := p.refusals.Recent(key, p.now()); err != nil {
		return nil, err
	}
	tokens, err := t.refreshed(ctx, tokens, false)
	switch {
	case err == nil && t.pick(tokens) != "":
		p.refusals.Clear(key)
		return tokens, nil
	case err == nil:
		err = wrapError("Transport", fmt.Errorf("%s token: %w", t.use, ErrNotSignedIn))
		p.refusals.Failed(key, err, rejected, p.now())
	case ctx.Err() == nil:
		p.refusals.Failed(key, err, pauseAfter(err), p.now())
	}
	return nil, err
}

// refreshed returns tokens newer than used: the session's, or refreshed ones. If the service
// rejects the refresh for good, the session ends if mayEnd is true.
func (t *transport) refreshed(ctx context.Context, used *tokenSet, mayEnd bool) (*tokenSet, error) {
	if t.machine != nil {
		return t.machine.replacement(ctx, used)
	}
	if now := t.c.session.current().tokens; now.verified() && now.fresh(t.c.shared().now()) &&
		t.pick(now) != t.pick(used) {
		return now, nil
	}
	tokens, err := t.c.refresh(ctx, refreshRequest{old: used, background: mayEnd})
	err = wrapError("Token", err)
	if t.mustSignIn(err) {
		return t.signIn(ctx, used)
	}
	return tokens, err
}

// mustSignIn reports whether signing in with the password can resolve err.
func (t *transport) mustSignIn(err error) bool {
	return t.password != nil && (errors.Is(err, ErrNotSignedIn) || IsTerminal(err))
}

// signIn signs in once for all requests that wait for it. Each waits at most until its own ctx is
// done. Tokens equal to refused, which a server has rejected, do not count as signed in.
func (t *transport) signIn(ctx context.Context, refused *tokenSet) (*tokenSet, error) {
	s := t.c.session
	for again := false; ; again = true {
		tokens, joined, err := s.signIns.Do(ctx, struct{}{}, func(ctx context.Context) (*tokenSet, error) {
			ctx, cancel := withLimit(context.WithoutCancel(ctx), signInTimeout)
			defer cancel()
			return t.signInNow(ctx, refused)
		})
		if joined && !again && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
			continue // the sign-in timed out, but this request joined late and has time left
		}
		if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			return nil, wrapError("Authenticate", fmt.Errorf("waiting for the sign-in: %w", ctx.Err()))
		}
		return tokens, err
	}
}

func (t *transport) signInNow(ctx context.Context, refused *tokenSet) (*tokenSet, error) {
	s, p := t.c.session, t.c.pool
	begun := false // whether a sign-in was really started
	needless := func(ctx context.Context) (bool, error) {
		ts, err := t.c.sync(ctx)
		if err == nil && ts.verified() && ts.fresh(p.now()) && !ts.same(refused) {
			return true, nil // another request, client or process has just signed in
		}
		if st := s.current(); st.isAsked(p.now()) {
			return false, &ChallengeError{Challenge: st.challenge.clone()} // someone may be about to answer it
		}
		begun = true
		return false, nil
	}
	password := t.password()
	pause := signInPause(t.c.Username(), password)
	done, err := p.signInTurns.Lock(ctx, pause)
	if err != nil {
		return nil, wrapError("Authenticate", fmt.Errorf("waiting for another sign-in: %w", err))
	}
	defer done()
	var pending *pendingError
	switch err := waitOut(ctx, &p.signInPauses, pause, p.now); {
	case errors.As(err, &pending) && !s.current().isAsked(p.now()): // another session of the user has the challenge
		asked := pending.asked.Challenge.clone()
		s.await(&asked)
		return nil, &ChallengeError{Challenge: asked.clone()}
	case err != nil && pending == nil:
		return nil, err
	}
	err = wrapError("Authenticate", t.c.authenticate(ctx, password, needless))
	var challenged *ChallengeError
	switch {
	case err == nil:
		p.signInPauses.Clear(pause)
	case errors.As(err, &challenged) && !begun:
	case errors.As(err, &challenged):
		once := backoff.Policy{First: challengePause, Max: challengePause}
		p.signInPauses.Failed(pause, &pendingError{challenged}, once, p.now())
	case isOfService(err) || keyMissing(err) || errors.Is(err, context.DeadlineExceeded):
		p.signInPauses.Failed(pause, err, pauseAfterSignIn(err), p.now())
	default:
		p.signInPauses.Failed(pause, err, rejected, p.now())
	}
	if err != nil {
		return nil, err
	}
	if tokens := s.current().tokens; tokens != nil {
		return tokens, nil
	}
	return nil, wrapError("Authenticate", ErrNotSignedIn) // signed out meanwhile
}

// rejected is the pause after a rejected sign-in. It keeps requests from locking the user out.
var rejected = backoff.Policy{First: 30 * time.Second, Max: 30 * time.Minute}

// isAsked reports whether a challenge is pending and still recent enough to be answered.
func (st *state) isAsked(now time.Time) bool {
	return st.challenge != nil && now.Sub(st.askedAt).Abs() < challengePause // Abs: the clock may have been set back
}

// pendingError records a challenge in the table of pauses, where other sessions of the same user
// and password find it.
type pendingError struct{ asked *ChallengeError }

// Error returns the text of the challenge.
func (e *pendingError) Error() string { return e.asked.Error() }

// forgetPending removes ch, which was answered or has ended, from the table of pauses, so that the
// user's sessions may sign in again.
func (p *pool) forgetPending(ch Challenge) {
	p.signInPauses.ClearFunc(func(err error) bool {
		pending, ok := errors.AsType[*pendingError](err)
		return ok && ch.is(&pending.asked.Challenge)
	})
}

// pauseAfterSignIn returns the pause after a failed sign-in. Unlike with pauseAfter, an error of a
// Lambda function counts as a rejection, because the function will reject the same sign-in again.
func pauseAfterSignIn(err error) backoff.Policy {
	if errors.Is(&Error{Err: err}, ErrLambda) {
		return rejected
	}
	return pauseAfter(err)
}

// pauseSalt keeps the table of pauses from containing plain password hashes.
var pauseSalt = rand.Text()

// signInPause returns the key of a user and a password in the table of pauses. A different password
// may be tried at once.
func signInPause(username, password string) string {
	mac := hmac.New(sha256.New, []byte(pauseSalt))
	_, _ = io.WriteString(mac, username+"\x00"+password)
	return string(mac.Sum(nil))
}

// headerOf returns the header's value for token.
func (t *transport) headerOf(token string) string {
	if last := t.value.Load(); last != nil && last.token == token {
		return last.value
	}
	next := &headerValue{token, t.prefix + token}
	t.value.Store(next)
	return next.value
}

func closeBody(req *http.Request) {
	if req != nil && req.Body != nil {
		_ = req.Body.Close()
	}
}

// TransportOption configures a [Transport] in [NewTransport] or [Cognito.HTTPClient].
type TransportOption func(*transportOptions)

type transportOptions struct {
	header, prefix string
	use            TokenUse
	base           http.RoundTripper
	origins        origins
	given          bool // WithOrigins has named some, perhaps unusable ones

	errs []error
}

func (o *transportOptions) refuse(option, problem string) {
	o.errs = append(o.errs, fieldError(option, problem))
}

// WithHeader sets the header that carries the token, and the prefix before the token in its value.
// The defaults are "Authorization" and "Bearer ".
func WithHeader(name, prefix string) TransportOption {
	return func(o *transportOptions) {
		if name == "" || !allOf(name, isWord, "-") {
			o.refuse("WithHeader", "want the name of an HTTP header, got "+quote(name))
		}
		if strings.ContainsFunc(prefix, func(r rune) bool { return r < ' ' || r > '~' }) {
			o.refuse("WithHeader", "want a prefix of printable ASCII, got "+quote(prefix))
		}
		o.header, o.prefix = textproto.CanonicalMIMEHeaderKey(name), prefix
	}
}

// WithTokenUse sets which token is sent. The default is the access token. If the session has no such
// token, it is refreshed or signed in for it.
func WithTokenUse(use TokenUse) TransportOption {
	return func(o *transportOptions) {
		if err := checkUse(use); err != nil {
			o.refuse("WithTokenUse", "want AccessToken or IDToken, got "+quote(string(use)))
		}
		o.use = use
	}
}

// WithBase sets the transport that sends the requests. If it is nil or not set, it is
// [http.DefaultTransport].
func WithBase(rt http.RoundTripper) TransportOption {
	return func(o *transportOptions) {
		if rt != nil {
			o.base = rt
		}
	}
}

// WithOrigins adds origins that the token may be sent to. Only the scheme, host and port of each
// URL count, such as in https://api.example.com. The scheme must be https, or http for a loopback
// address. A URL with user info is rejected. There is no default.
func WithOrigins(urls ...string) TransportOption {
	return func(o *transportOptions) {
		o.given = o.given || len(urls) > 0
		for i, raw := range urls {
			u, err := url.Parse(raw)
			switch {
			case err == nil && u.Scheme == "":
				o.refuse("WithOrigins", fmt.Sprintf(
					"URL %d: want a scheme and a host, such as https://api.example.com, got no scheme", i+1))
			case err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" || u.User != nil:
				o.refuse("WithOrigins", fmt.Sprintf(
					"URL %d: want an https URL without user info, such as https://api.example.com", i+1))
			case u.Scheme == "http" && !isLoopback(u.Hostname()):
				o.refuse("WithOrigins", fmt.Sprintf(
					"URL %d: want https, or http for a loopback address, got %s", i+1, quote("http://"+u.Host)))
			default:
				o.origins = append(o.origins, originOf(u))
			}
		}
	}
}

// origin is an origin as browsers define it.
type origin struct{ scheme, host, port string }

type origins []origin

func (o origins) have(u *url.URL) bool {
	for _, origin := range o {
		if origin.is(u) {
			return true
		}
	}
	return false
}

func originOf(u *url.URL) origin {
	return origin{u.Scheme, strings.ToLower(u.Hostname()), portOf(u)}
}

// is reports whether u has the origin. Schemes and hosts are compared without regard to case. A
// host with a trailing dot is a different host.
func (o origin) is(u *url.URL) bool {
	return asciiEqualFold(u.Scheme, o.scheme) && asciiEqualFold(u.Hostname(), o.host) && portOf(u) == o.port
}

// asciiEqualFold compares s with lower, ignoring the case of ASCII letters only. Unicode folding
// would let another host match.
func asciiEqualFold(s, lower string) bool {
	if len(s) != len(lower) {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

func portOf(u *url.URL) string {
	switch port := u.Port(); {
	case port != "":
		return port
	case asciiEqualFold(u.Scheme, "https"):
		return "443"
	default:
		return "80"
	}
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || (ip != nil && ip.IsLoopback())
}
