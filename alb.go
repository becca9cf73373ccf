package cognito

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/gocognito/cognito/internal/flight"
	"github.com/gocognito/cognito/internal/token"
)

const (
	albHeader      = "X-Amzn-Oidc-Data"
	maxALBKeys     = 16               // or two for each load balancer, which has two at a time; see room
	albKeyAge      = time.Hour        // after that a key is fetched again
	albKeyTimeout  = 10 * time.Second // of a fetch; a caller's context may end its wait earlier
	albFetchPause  = time.Second      // after a fetch without an answer
	maxALBFetches  = 10               // a second, or two for each load balancer: made-up key IDs cause no more
	maxALBKeyBody  = 4 << 10
	loadBalancerID = "arn:<partition>:elasticloadbalancing:<region>:<account>:loadbalancer/app/<name>/<id>"
)

// albParser accepts padded base64, which load balancers write.
var albParser = token.NewPaddedParser("ES256")

// ALBVerifier verifies the header x-amzn-oidc-data, in which an Application Load Balancer that
// signs users in forwards claims about them. It checks the signature (ES256, with a key of the load
// balancer's region), the load balancer that signed the claims, the app client, and the expiry. It
// is safe for concurrent use.
type ALBVerifier struct {
	keyURLs   map[string]string // by the ARN of the load balancer
	clientIDs []string
	issuers   []string // nil accepts any
	client    *http.Client
	now       func() time.Time
	times     *jwt.Validator
	leeway    time.Duration
	log       *slog.Logger
	flight    flight.Group[string, *ecdsa.PublicKey]

	mu       sync.Mutex // protects the fields below
	keys     map[string]albKey
	unproven map[string]*ecdsa.PublicKey // keys fetched since second that have verified no token yet
	failed   time.Time                   // when a fetch last had no answer
	lastErr  error                       // of that fetch; nil: there was none
	second   time.Time                   // when the first of fetches was made
	fetches  int                         // of keys that are not known, in that second
}

// albKey is a key of a load balancer and the time when it was fetched.
type albKey struct {
	public *ecdsa.PublicKey
	at     time.Time
}

// young reports whether the key need not be fetched again. All spans of time are absolute, so that
// none lasts more than twice as long if the clock is set back.
func (k albKey) young(now time.Time) bool { return k.public != nil && now.Sub(k.at).Abs() < albKeyAge }

// ALBClaims are the verified claims about a user that a load balancer forwards. They come from the
// userInfo endpoint of the pool, not from a token. The embedded [jwt.RegisteredClaims] hold sub,
// iss and exp.
type ALBClaims struct {
	jwt.RegisteredClaims

	// Username is the user's name in the pool.
	Username string
	// Email is the e-mail address. EmailVerified reports whether the address is verified.
	Email         string
	EmailVerified bool
	// LoadBalancer is the ARN of the load balancer that signed the claims. ClientID is the app
	// client with which it signs users in.
	LoadBalancer, ClientID string
	// All holds every claim by its name. Numbers are [json.Number].
	All map[string]any
}

// NewALBVerifier returns a verifier for the claims that load balancers forward about users who
// signed in with one of the app clients. It makes no request. It returns an error if
// loadBalancerARNs or clientIDs is empty. It takes the options [WithIssuers], [WithHTTPClient],
// [WithClock], [WithLeeway], [WithLogger], and, for tests, [WithEndpoint] with the URL from which
// keys are fetched. By default any issuer is accepted.
//
// A load balancer adds the header to the requests that it forwards. Make sure that requests reach
// the server only through the load balancer. It signs the claims, not the request, so whoever has
// the header's value can send it again until it expires.
func NewALBVerifier(loadBalancerARNs, clientIDs []string, opts ...SharedOption) (*ALBVerifier, error) {
	v, err := newALBVerifier(loadBalancerARNs, clientIDs, opts)
	return v, wrapError("NewALBVerifier", err)
}

func newALBVerifier(loadBalancerARNs, clientIDs []string, opts []SharedOption) (*ALBVerifier, error) {
	o := defaultClientOptions()
	for _, opt := range opts {
		if opt != nil {
			opt.applyClient(&o)
		}
	}
	v := &ALBVerifier{
		keyURLs: map[string]string{}, clientIDs: slices.Clone(clientIDs), issuers: o.issuers, client: &http.Client{},
		now: o.now, leeway: o.leeway, log: o.logger, keys: map[string]albKey{},
	}
	if len(loadBalancerARNs) == 0 {
		o.refuse("load balancers", "want at least one ARN, got none")
	}
	for _, arn := range loadBalancerARNs {
		url, ok := albKeyURL(arn)
		if !ok {
			o.refuse("load balancers", "want "+loadBalancerID+", got "+quote(arn))
		}
		if o.endpoint != "" {
			url = o.endpoint
		}
		v.keyURLs[arn] = url
	}
	if len(clientIDs) == 0 {
		o.refuse("client IDs", "want at least one, got none")
	}
	for _, id := range clientIDs {
		if err := o.idRules().checkClientID(id); err != nil {
			o.errs = append(o.errs, err)
		}
	}
	if o.jwks != nil || o.jwksURL != "" {
		o.refuse("WithJWKS, WithJWKSURL", "load balancers have no key set; use WithEndpoint")
	}
	if err := errors.Join(o.errs...); err != nil {
		return nil, err
	}
	if o.httpClient != nil {
		*v.client = *o.httpClient
	}
	v.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	v.times = newTimes(o.leeway, o.now)
	return v, nil
}

// albKeyURL returns the URL of the keys with which the load balancer arn signs.
func albKeyURL(arn string) (url string, ok bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "elasticloadbalancing" {
		return "", false
	}
	partition, region, account, resource := parts[1], parts[3], parts[4], parts[5]
	if !strings.HasPrefix(resource, "loadbalancer/app/") ||
		region == "" || !allOf(region, isAlphanumeric, "-") ||
		account == "" || !allOf(account, isAlphanumeric, "") {
		return "", false
	}
	switch partition {
	case "aws":
		return "https://public-keys.auth.elb." + region + ".amazonaws.com", true
	case "aws-cn":
		return "https://public-keys.auth.elb." + region + ".amazonaws.com.cn", true
	case "aws-us-gov":
		return "https://s3-" + region + ".amazonaws.com/aws-elb-public-keys-prod-" + region, true
	default:
		return "", false
	}
}

// Check verifies the header x-amzn-oidc-data of r and returns its claims. Its errors are those of
// [ALBVerifier.Verify], and [ErrNoToken] if r has no such header. Check does not change r.
func (v *ALBVerifier) Check(r *http.Request) (*ALBClaims, error) {
	raw, err := HeaderToken(albHeader)(r)
	if err != nil {
		return nil, &TokenError{Use: albUse, Reason: err}
	}
	return v.Verify(r.Context(), raw)
}

// albUse is the token use that errors name.
const albUse TokenUse = "load balancer"

// Verify verifies raw, the value of the header x-amzn-oidc-data, and returns its claims. The error
// is a [*TokenError]. Common errors: [ErrKeysUnavailable] if the claims could not be checked;
// [ErrTokenSigner] if another load balancer signed them; [ErrTokenClient], [ErrTokenIssuer], or an
// error of package jwt, such as [jwt.ErrTokenExpired], if they are invalid.
func (v *ALBVerifier) Verify(ctx context.Context, raw string) (*ALBClaims, error) {
	claims, err := v.verify(ctx, raw)
	if err != nil {
		rejected := &TokenError{Use: albUse, Reason: err}
		if v != nil && v.log != nil {
			v.log.DebugContext(ctx, "cognito: token rejected", slog.Any("error", rejected))
		}
		return nil, rejected
	}
	return claims, nil
}

func (v *ALBVerifier) verify(ctx context.Context, raw string) (*ALBClaims, error) {
	if v == nil || v.keyURLs == nil {
		return nil, fmt.Errorf("%w: want an ALBVerifier from NewALBVerifier", ErrKeysUnavailable)
	}
	var c tokenClaims
	var header token.Header
	var address string
	var public *ecdsa.PublicKey
	var isNew bool
	oneOf := func(accepted []string, got string) string {
		return "want " + strings.Join(accepted, " or ") + ", got " + quote(got)
	}
	err := albParser.Parse(raw, &c, func(h token.Header, _ *jwt.Token) (any, error) {
		header = h
		url, ok := v.keyURLs[h.Signer]
		switch {
		case !ok:
			return nil, fmt.Errorf("%w: got %s", ErrTokenSigner, quote(h.Signer))
		case !slices.Contains(v.clientIDs, h.Client):
			return nil, fmt.Errorf("%w: %s", ErrTokenClient, oneOf(v.clientIDs, h.Client))
		case v.issuers != nil && !slices.Contains(v.issuers, c.issuer):
			return nil, fmt.Errorf("%w: %s", ErrTokenIssuer, oneOf(v.issuers, c.issuer))
		case !isUUID(h.KeyID): // the key ID becomes part of a URL
			return nil, fmt.Errorf("%w: want a UUID, got %s", ErrUnknownKey, quote(h.KeyID))
		}
		address = url + "/" + h.KeyID
		var err error
		public, isNew, err = v.key(ctx, address)
		return public, err
	})
	if err != nil {
		return nil, err
	}
	if isNew {
		v.remember(address, public)
	}
	if now := v.now(); !header.Expires.IsZero() && now.After(header.Expires.Add(v.leeway)) {
		return nil, fmt.Errorf("%w: the header was valid until %s, and it is %s", jwt.ErrTokenExpired,
			stamp(header.Expires), stamp(now))
	}
	if err := v.times.Validate(&c); err != nil {
		return nil, err
	}
	all, err := (&verifiedToken{claims: c}).every(albUse)
	if err != nil {
		return nil, err
	}
	id := c.identity(all)
	return &ALBClaims{
		RegisteredClaims: id.RegisteredClaims, Username: c.username, Email: id.Email, EmailVerified: id.EmailVerified,
		LoadBalancer: header.Signer, ClientID: header.Client, All: all,
	}, nil
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		hex := s[i] >= '0' && s[i] <= '9' || s[i] >= 'a' && s[i] <= 'f' || s[i] >= 'A' && s[i] <= 'F'
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (s[i] == '-') || !dash && !hex {
			return false
		}
	}
	return true
}

// key returns the key at address. It fetches a key that is unknown or older than albKeyAge.
// Concurrent callers share one fetch. key waits at most until ctx is done. A key that was unknown
// (isNew) is not kept before it has verified a token: the keys of all load balancers in a region
// have addresses of this form.
func (v *ALBVerifier) key(ctx context.Context, address string) (public *ecdsa.PublicKey, isNew bool, err error) {
	v.mu.Lock()
	known, ok := v.keys[address]
	now := v.now()
	lastErr := v.lastErr
	paused := lastErr != nil && now.Sub(v.failed).Abs() < albFetchPause
	v.mu.Unlock()
	if ok && (paused || known.young(now)) {
		return known.public, false, nil
	}
	if paused {
		return nil, false, fmt.Errorf("%w: %w", ErrKeysUnavailable, lastErr)
	}
	public, _, err = v.flight.Do(ctx, address, func(ctx context.Context) (*ecdsa.PublicKey, error) {
		if public := v.justFetched(address); public != nil {
			return public, nil
		}
		if !ok && !v.mayFetch() {
			return nil, fmt.Errorf("%w: %w: %s: other key IDs were asked for moments ago",
				ErrKeysUnavailable, ErrUnknownKey, address)
		}
		// A caller that gives up must not end the fetch for the other callers.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), albKeyTimeout)
		defer cancel()
		public, err := v.fetch(ctx, address)
		v.fetched(address, public, err)
		return public, err
	})
	switch {
	case err == nil:
		return public, !ok, nil
	case ctx.Err() != nil:
		return nil, false, fmt.Errorf("%w: waiting for %s: %w", ErrKeysUnavailable, address, ctx.Err())
	case errors.Is(err, ErrUnknownKey):
		return nil, false, err
	case known.public != nil: // an old key remains in use while fetches fail
		return known.public, false, nil
	case errors.Is(err, ErrKeysUnavailable):
		return nil, false, err
	default:
		return nil, false, fmt.Errorf("%w: %w", ErrKeysUnavailable, err)
	}
}

// justFetched returns the key at address if another caller has fetched it moments ago, or nil.
func (v *ALBVerifier) justFetched(address string) *ecdsa.PublicKey {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.now()
	if known := v.keys[address]; known.young(now) {
		return known.public
	}
	if now.Sub(v.second).Abs() < time.Second {
		return v.unproven[address]
	}
	return nil
}

// room returns n, or the number of keys that the load balancers have at a time if that is more.
func (v *ALBVerifier) room(n int) int { return max(n, 2*len(v.keyURLs)) }

// mayFetch reports whether a key that is not known may be fetched, and counts the fetch. Keys that
// are known are fetched again without regard to it.
func (v *ALBVerifier) mayFetch() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if now := v.now(); v.unproven == nil || now.Sub(v.second).Abs() >= time.Second {
		v.second, v.fetches, v.unproven = now, 0, map[string]*ecdsa.PublicKey{}
	}
	v.fetches++
	return v.fetches <= v.room(maxALBFetches)
}

// fetched records the outcome of a fetch. Only a fetch without an answer makes the others pause: an
// answer about a made-up key ID says nothing about other keys.
func (v *ALBVerifier) fetched(address string, public *ecdsa.PublicKey, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	_, known := v.keys[address]
	switch {
	case errors.Is(err, ErrUnknownKey):
		delete(v.keys, address)
	case err != nil:
		v.failed, v.lastErr = v.now(), err
	case known:
		v.keys[address] = albKey{public, v.now()}
	default:
		v.unproven[address] = public
	}
}

// remember keeps a new key that has verified a token. If the cache is full, the key replaces the
// oldest one.
func (v *ALBVerifier) remember(address string, public *ecdsa.PublicKey) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, ok := v.keys[address]; ok {
		return
	}
	if len(v.keys) >= v.room(maxALBKeys) {
		oldest := ""
		for other, key := range v.keys {
			if oldest == "" || key.at.Before(v.keys[oldest].at) {
				oldest = other
			}
		}
		delete(v.keys, oldest)
	}
	v.keys[address] = albKey{public, v.now()}
}

func (v *ALBVerifier) fetch(ctx context.Context, address string) (public *ecdsa.PublicKey, err error) {
	defer func() { // the HTTP client is the caller's and may panic
		if p := recover(); p != nil {
			public, err = nil, fmt.Errorf("%w: panic: %v", ErrKeysUnavailable, p)
		}
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeysUnavailable, err)
	}
	resp, err := v.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeysUnavailable, err)
	}
	defer func() { _ = resp.Body.Close() }()
	switch resp.StatusCode {
	case http.StatusOK:
	// S3, which holds some of the keys, sends 403 for a missing object.
	case http.StatusForbidden, http.StatusNotFound:
		return nil, fmt.Errorf("%w: %s: status %d", ErrUnknownKey, address, resp.StatusCode)
	default:
		return nil, fmt.Errorf("%w: %s: want status 200, got %d", ErrKeysUnavailable, address, resp.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxALBKeyBody))
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrKeysUnavailable, address, err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%w: %s: want a key in PEM", ErrKeysUnavailable, address)
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrKeysUnavailable, address, err)
	}
	public, ok := parsed.(*ecdsa.PublicKey)
	if !ok || public.Curve != elliptic.P256() {
		return nil, fmt.Errorf("%w: %s: want a P-256 key, got %T", ErrKeysUnavailable, address, parsed)
	}
	return public, nil
}
