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
	maxALBKeys     = 16               // a load balancer has two at a time
	albKeyAge      = time.Hour        // then a key is fetched again
	albKeyTimeout  = 10 * time.Second // of a fetch; a caller's context may end its wait earlier
	albFetchPause  = time.Second      // after a fetch that failed, so that made-up key IDs cannot make every call fetch
	maxALBKeyBody  = 4 << 10
	loadBalancerID = "arn:<partition>:elasticloadbalancing:<region>:<account>:loadbalancer/app/<name>/<id>"
)

// albParser accepts the padding that load balancers write.
var albParser = token.NewPaddedParser("ES256")

// ALBVerifier verifies what an Application Load Balancer that signs users in says about them, in the header
// x-amzn-oidc-data: the signature (ES256, with a key of the load balancer's region), the load balancer that signed it,
// the app client and the expiry. It is safe for concurrent use.
type ALBVerifier struct {
	keyURLs   map[string]string // by the ARN of the load balancer
	clientIDs []string
	issuers   []string // nil: any that the load balancer accepts
	client    *http.Client
	now       func() time.Time
	times     *jwt.Validator
	leeway    time.Duration
	log       *slog.Logger
	flight    flight.Group[string, *ecdsa.PublicKey]

	mu        sync.Mutex // protects the fields below
	keys      map[string]albKey
	nextFetch time.Time // no fetch before
	lastErr   error     // of the last fetch
}

// albKey is a load balancer's key.
type albKey struct {
	public *ecdsa.PublicKey
	at     time.Time
}

// ALBClaims are the verified claims about a user that a load balancer forwards. They come from the userInfo endpoint
// of the pool, not from one of its tokens. The embedded [jwt.RegisteredClaims] hold sub, iss and exp.
type ALBClaims struct {
	jwt.RegisteredClaims

	// Username is the user's name as the pool knows it.
	Username string
	// Email is the e-mail address, and EmailVerified whether the user proved to have it.
	Email         string
	EmailVerified bool
	// LoadBalancer is the ARN of the load balancer that signed the claims, and ClientID the app client that it
	// signs users in with.
	LoadBalancer, ClientID string
	// All is every claim by its name. Numbers are [json.Number].
	All map[string]any
}

// NewALBVerifier makes a verifier of what the load balancers with the ARNs forward about users whom they signed in
// with one of the app clients. It does no I/O. Of the options it takes [WithIssuers], which compares the issuer,
// [WithHTTPClient], [WithClock], [WithLeeway], [WithLogger], and [WithEndpoint], the URL under which keys are fetched,
// for tests. It is an error to pass no ARN or no client ID.
//
// A load balancer adds the header to requests that it forwards. Make sure that requests reach the server through it
// alone: it does not sign the request, and what it signed can be sent again until it expires.
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
		o.refuse("load balancers", "want at least one ARN")
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
		o.refuse("client IDs", "want at least one")
	}
	for _, id := range clientIDs {
		if err := o.idRules().checkClientID(id); err != nil {
			o.errs = append(o.errs, err)
		}
	}
	if o.jwks != nil || o.jwksURL != "" {
		o.refuse("WithJWKS, WithJWKSURL", "load balancers have no key set; want WithEndpoint")
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

// albKeyURL is where the keys are with which the load balancer signs.
func albKeyURL(arn string) (url string, ok bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "elasticloadbalancing" || !strings.HasPrefix(parts[5], "loadbalancer/app/") ||
		parts[3] == "" || !allOf(parts[3], isAlphanumeric, "-") || parts[4] == "" || !allOf(parts[4], isAlphanumeric, "") {
		return "", false
	}
	region := parts[3]
	switch parts[1] {
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

// Check verifies the header x-amzn-oidc-data of r and returns its claims. The error is as for [ALBVerifier.Verify];
// [ErrNoToken] when there is no such header.
func (v *ALBVerifier) Check(r *http.Request) (*ALBClaims, error) {
	raw, err := HeaderToken(albHeader)(r)
	if err != nil {
		return nil, &TokenError{Use: albUse, Reason: err}
	}
	return v.Verify(r.Context(), raw)
}

// albUse is the use in errors.
const albUse TokenUse = "load balancer"

// Verify verifies raw, the value of the header x-amzn-oidc-data, and returns its claims. The error is a
// [*TokenError]: [ErrKeysUnavailable] when the claims could not be checked, [ErrTokenSigner] when another load balancer
// signed them, [ErrTokenClient], [ErrTokenIssuer] or a sentinel of golang-jwt when they are bad.
func (v *ALBVerifier) Verify(ctx context.Context, raw string) (*ALBClaims, error) {
	claims, err := v.verify(ctx, raw)
	if err != nil {
		refused := &TokenError{Use: albUse, Reason: err}
		if v != nil && v.log != nil {
			v.log.DebugContext(ctx, "cognito: token refused", slog.Any("error", refused))
		}
		return nil, refused
	}
	return claims, nil
}

func (v *ALBVerifier) verify(ctx context.Context, raw string) (*ALBClaims, error) {
	if v == nil || v.keyURLs == nil {
		return nil, fmt.Errorf("%w: want an ALBVerifier from NewALBVerifier", ErrKeysUnavailable)
	}
	var c tokenClaims
	var header token.Header
	err := albParser.Parse(raw, &c, func(h token.Header, _ *jwt.Token) (any, error) {
		header = h
		url, ok := v.keyURLs[h.Signer]
		switch {
		case !ok:
			return nil, fmt.Errorf("%w: got %s", ErrTokenSigner, quote(h.Signer))
		case !slices.Contains(v.clientIDs, h.Client):
			return nil, fmt.Errorf("%w: want %s, got %s", ErrTokenClient, strings.Join(v.clientIDs, " or "), quote(h.Client))
		case v.issuers != nil && !slices.Contains(v.issuers, c.issuer):
			return nil, fmt.Errorf("%w: want %s, got %s", ErrTokenIssuer, strings.Join(v.issuers, " or "), quote(c.issuer))
		case !isUUID(h.KeyID): // it goes into the address
			return nil, fmt.Errorf("%w: want a UUID, got %s", ErrUnknownKey, quote(h.KeyID))
		}
		return v.key(ctx, url, h.KeyID)
	})
	if err != nil {
		return nil, err
	}
	if !header.Expires.IsZero() && v.now().After(header.Expires.Add(v.leeway)) {
		return nil, fmt.Errorf("%w: the header was valid until %s, and it is %s", jwt.ErrTokenExpired, stamp(header.Expires), stamp(v.now()))
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

// key returns the key with the ID kid under url. It fetches a key that is not known, or has been for long, once for
// all that wait for it, and waits at most until ctx is done.
func (v *ALBVerifier) key(ctx context.Context, url, kid string) (*ecdsa.PublicKey, error) {
	address := url + "/" + kid
	v.mu.Lock()
	known, ok := v.keys[address]
	now := v.now()
	paused, lastErr := now.Before(v.nextFetch), v.lastErr
	v.mu.Unlock()
	if ok && (paused || now.Sub(known.at) < albKeyAge) {
		return known.public, nil
	}
	if paused {
		return nil, fmt.Errorf("%w: %w", ErrKeysUnavailable, lastErr)
	}
	public, _, err := v.flight.Do(ctx, address, func(ctx context.Context) (*ecdsa.PublicKey, error) {
		// A fetch under way goes on although nobody waits any more: others need the key, too.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), albKeyTimeout)
		defer cancel()
		public, err := v.fetch(ctx, address)
		v.mu.Lock()
		defer v.mu.Unlock()
		if err != nil {
			v.nextFetch, v.lastErr = v.now().Add(albFetchPause), err
			return nil, err
		}
		v.remember(address, public)
		return public, nil
	})
	switch {
	case err == nil:
		return public, nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("%w: waiting for %s: %w", ErrKeysUnavailable, address, ctx.Err())
	case errors.Is(err, ErrUnknownKey):
		return nil, err
	case known.public != nil: // an old key serves while fetches fail
		return known.public, nil
	case errors.Is(err, ErrKeysUnavailable):
		return nil, err
	default:
		return nil, fmt.Errorf("%w: %w", ErrKeysUnavailable, err)
	}
}

// remember keeps a key, in place of the oldest when there are many. v.mu is held.
func (v *ALBVerifier) remember(address string, public *ecdsa.PublicKey) {
	if _, ok := v.keys[address]; !ok && len(v.keys) >= maxALBKeys {
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
	defer func() { // a broken HTTP client counts as a service that cannot be reached
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
	case http.StatusForbidden, http.StatusNotFound: // as a bucket answers for what it does not have
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
