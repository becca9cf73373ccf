package cognito

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/golang-jwt/jwt/v5"

	"github.com/gocognito/cognito/internal/jwks"
	"github.com/gocognito/cognito/internal/token"
)

const defaultLeeway = time.Minute

// Verifier verifies the tokens of one user pool: the signature (RS256, with one of the pool's
// keys), the issuer, the expiry, the use and the app client. Unless [WithJWKS] sets the keys, it
// fetches them from the issuer that the token names, on first use and again when a token names a
// new key. A Verifier is safe for concurrent use. Create one with [NewVerifier] or
// [Cognito.Verifier].
//
// A token that verifies was issued by the pool and has not expired. Only the service knows whether
// it was revoked in the meantime, for example by a sign-out; see [WithRevocationCheck].
type Verifier struct {
	poolID    string
	issuers   []string
	clientIDs []string   // nil: any
	groups    [][]string // a token needs one of each element; nil: not checked
	scopes    [][]string // likewise
	audiences [][]string // likewise
	keys      *jwks.Keys
	cache     *tokenCache // nil: no cache
	leeway    time.Duration
	now       func() time.Time
	times     *jwt.Validator
	log       *slog.Logger
	handler   handlerSettings
	revoked   revocationCheck // nil: not checked

	// [Cognito.Verifier] passes these on to a Verifier with keys of its own.
	jwks         []byte
	jwksURL      string
	httpClient   *http.Client
	regions      []string
	fixedIssuers bool // WithIssuers or WithEndpoint set them
}

// VerifierOption configures a [Verifier] in [NewVerifier] or [Cognito.Verifier]. If an option is
// given more than once, the last one wins, except for [WithGroups], [WithScopes] and
// [WithAudience]. Each of these adds a condition: a token must meet the conditions of all calls,
// and any name of a call meets that call's condition. So a repeated option never accepts more
// tokens than each call alone.
type VerifierOption interface {
	applyVerifier(*verifierOptions)
}

type verifierOption func(*verifierOptions)

func (o verifierOption) applyVerifier(target *verifierOptions) { o(target) }

type verifierOptions struct {
	clientOptions

	regions   []string
	anyClient bool
	groups    [][]string
	scopes    [][]string
	audiences [][]string
	cacheSize int
	handler   handlerSettings

	// revocation makes the check; nil means that tokens are not checked. It is a function so that
	// the linker can drop the SDK's calls from programs that do not check revocation.
	revocation func(o *verifierOptions, poolID string, client *http.Client) (revocationCheck, error)
	sdk        *cognitoidentityprovider.Client // of a Cognito; nil: made from the options
	shared     *jwks.Keys                      // of a Cognito; nil: made from the options
}

// WithAnyClient accepts the tokens of every app client of the pool. By default, only the given
// client IDs are accepted. Add [WithAudience] if clients register themselves, so that tokens for
// other resources are rejected.
func WithAnyClient() VerifierOption {
	return verifierOption(func(o *verifierOptions) { o.anyClient = true })
}

// WithRegions accepts the issuers of the pool in further regions, where the pool is replicated. It
// accepts both forms of the issuer at AWS for each region, in addition to those of the pool's own
// region. It has no effect together with [WithIssuers] or [WithEndpoint].
func WithRegions(regions ...string) VerifierOption {
	return keyOption(func(o *verifierOptions) {
		o.regions = nil
		for _, region := range regions {
			if !isRegion(region) {
				o.refuse("WithRegions", "want names of AWS regions such as eu-west-1, got "+quote(region))
			}
			o.regions = append(o.regions, region)
		}
	})
}

// keyOption returns an option that changes where keys come from.
func keyOption(set func(*verifierOptions)) VerifierOption {
	return verifierOption(func(o *verifierOptions) {
		o.ownKeys = true
		set(o)
	})
}

// WithGroups accepts only tokens of users in at least one of the groups anyOf. Names are compared
// exactly. Each further WithGroups adds a condition: WithGroups("a"), WithGroups("b") requires both
// groups. Other tokens are rejected with [ErrNotInGroup]. By default groups are not checked. Use
// [RequireGroups] for a rule for single handlers.
func WithGroups(anyOf ...string) VerifierOption {
	anyOf = slices.Clone(anyOf)
	return verifierOption(func(o *verifierOptions) { o.groups = append(o.groups, o.wanted("WithGroups", anyOf)) })
}

// WithScopes accepts only access tokens with at least one of the scopes anyOf. Each further
// WithScopes adds a condition. Other tokens are rejected with [ErrInsufficientScope], and so are ID
// tokens, which have no scopes. By default scopes are not checked. Use [RequireScopes] for a rule
// for single handlers.
//
// The tokens of a sign-in with this package have one scope, aws.cognito.signin.user.admin, unless a
// Lambda function of the pool adds others. Only managed login and machine clients return the scopes
// of resource servers. Do not require those if users sign in with a password.
func WithScopes(anyOf ...string) VerifierOption {
	anyOf = slices.Clone(anyOf)
	return verifierOption(func(o *verifierOptions) { o.scopes = append(o.scopes, o.wanted("WithScopes", anyOf)) })
}

// WithAudience accepts only access tokens that are bound to at least one of the resources anyOf, by
// the aud claim. URLs are compared exactly. Each further WithAudience adds a condition. Other
// tokens are rejected with [ErrTokenAudience], and so are ID tokens, whose audience is an app
// client. By default the aud claim of access tokens is not checked: a pool sets it only for clients
// that request a resource (RFC 8707); see [WithResource].
func WithAudience(anyOf ...string) VerifierOption {
	anyOf = slices.Clone(anyOf)
	return verifierOption(func(o *verifierOptions) {
		o.audiences = append(o.audiences, o.wanted("WithAudience", anyOf))
	})
}

// WithTokenCache caches the last verified tokens, at most n and at least n/2 of them, so that the
// signature of a token is verified only once. n is 1 to 1,000,000. The cache keeps the SHA-256 hash
// of each signature instead of the signature, so it contains no usable token. The times of a cached
// token are checked on each use. A token leaves the cache together with its key. The cache takes at
// most 8 kB times n of memory, and less than half of that for usual tokens; if tokens are large, it
// holds fewer. By default nothing is cached.
func WithTokenCache(n int) VerifierOption {
	return verifierOption(func(o *verifierOptions) {
		if n < 1 || n > 1_000_000 {
			o.refuse("WithTokenCache", fmt.Sprintf("want 1 to 1000000 tokens, got %d", n))
		}
		o.cacheSize = n
	})
}

// wanted returns names. It records an error if there are none, or if one is empty.
func (o *verifierOptions) wanted(option string, names []string) []string {
	if len(names) == 0 || slices.Contains(names, "") {
		o.refuse(option, "want at least one name, and no empty one")
	}
	return names
}

// NewVerifier returns a Verifier for the tokens that the user pool userPoolID issues to the app
// clients clientIDs. It is an error to pass no client IDs without [WithAnyClient], or both. A
// program that has a [Cognito] should use [Cognito.Verifier], which shares its keys. NewVerifier
// does no I/O. An error names the argument or option and what was expected.
func NewVerifier(userPoolID string, clientIDs []string, opts ...VerifierOption) (*Verifier, error) {
	o := &verifierOptions{clientOptions: defaultClientOptions()}
	o.apply(opts)
	ids := o.idRules()
	errs := []error{ids.checkPoolID(userPoolID)}
	for _, id := range clientIDs {
		errs = append(errs, ids.checkClientID(id))
	}
	if (len(clientIDs) == 0) != o.anyClient {
		errs = append(errs, fieldError("client IDs", "want at least one, or none and the option WithAnyClient"))
	}
	o.errs = append(errs, o.errs...)
	v, err := newVerifier(userPoolID, clientIDs, o)
	return v, wrapError("NewVerifier", err)
}

// Verifier returns a [Verifier] for the tokens of c's pool and app client. It shares c's keys,
// issuers, clock, leeway and logger, so that a server has one key set. opts change the rest. With
// an option that sets where keys come from, such as [WithJWKS] or [WithIssuers], the Verifier has
// keys of its own. It does no I/O.
func (c *Cognito) Verifier(opts ...VerifierOption) (*Verifier, error) {
	if c == nil || c.pool == nil {
		return nil, wrapError("Verifier", errNotMade)
	}
	from := c.shared().verifier
	o := &verifierOptions{sdk: c.shared().sdk, clientOptions: clientOptions{
		leeway: from.leeway, now: from.now, logger: from.log,
		jwks: from.jwks, jwksURL: from.jwksURL, httpClient: from.httpClient,
	}}
	o.apply(opts)
	if !o.ownKeys {
		o.shared = from.keys
	}
	if o.issuers == nil && o.endpoint == "" {
		if from.fixedIssuers || o.regions == nil {
			o.issuers = from.issuers
		}
		o.regions = slices.Concat(from.regions, o.regions)
	}
	clientIDs := from.clientIDs
	if o.anyClient {
		clientIDs = nil
	}
	v, err := newVerifier(from.poolID, clientIDs, o)
	return v, wrapError("Verifier", err)
}

func (o *verifierOptions) apply(opts []VerifierOption) {
	for _, opt := range opts {
		if opt != nil {
			opt.applyVerifier(o)
		}
	}
}

func newVerifier(poolID string, clientIDs []string, o *verifierOptions) (*Verifier, error) {
	if err := errors.Join(o.errs...); err != nil {
		return nil, err
	}
	issuers, err := o.acceptedIssuers(poolID)
	if err != nil {
		return nil, err
	}
	keys := o.shared
	if keys == nil {
		if keys, err = o.keys(issuers); err != nil {
			return nil, err
		}
	}
	client := o.keyClient()
	var revoked revocationCheck
	if o.revocation != nil {
		if revoked, err = o.revocation(o, poolID, client); err != nil {
			return nil, err
		}
	}
	return &Verifier{
		revoked: revoked,
		poolID:  poolID, issuers: issuers, clientIDs: slices.Clone(clientIDs),
		groups: o.groups, scopes: o.scopes, audiences: o.audiences,
		keys: keys, cache: newTokenCache(o.cacheSize),
		leeway: o.leeway, now: o.now, times: newTimes(o.leeway, o.now), log: o.logger, handler: o.handlerSettings(),
		jwks: o.jwks, jwksURL: o.jwksURL, httpClient: client,
		regions: o.regions, fixedIssuers: len(o.issuers) > 0 || o.endpoint != "",
	}, nil
}

// handlerSettings returns the settings of handlers, with the verifier's clock.
func (o *verifierOptions) handlerSettings() handlerSettings {
	s := o.handler
	s.now = o.now
	return s
}

// acceptedIssuers returns the issuers to accept. The first is the pool's own.
func (o *verifierOptions) acceptedIssuers(poolID string) ([]string, error) {
	switch {
	case len(o.issuers) > 0:
		return slices.Clone(o.issuers), nil
	case o.endpoint != "":
		return []string{o.endpoint + "/" + poolID}, nil
	}
	region, _ := splitPoolID(poolID)
	var issuers []string
	for _, region := range append([]string{region}, o.regions...) {
		both, err := awsIssuers(region, poolID)
		if err != nil {
			return nil, err
		}
		for _, issuer := range both {
			if !slices.Contains(issuers, issuer) {
				issuers = append(issuers, issuer)
			}
		}
	}
	return issuers, nil
}

// keys returns the keys that the options set.
func (o *verifierOptions) keys(issuers []string) (*jwks.Keys, error) {
	source, given := "WithJWKS", o.jwks
	if env := os.Getenv(jwksEnv); given == nil && env != "" && o.jwksURL == "" {
		source, given = jwksEnv, []byte(env)
	}
	config := jwks.Config{Client: o.keyClient(), Now: o.now, Log: o.logger}
	switch {
	case given != nil:
		set, err := jwks.Given(source, given)
		if err != nil {
			return nil, err
		}
		return jwks.New(issuers, func(string) *jwks.Set { return set })
	case o.jwksURL != "":
		warnOfPlainHTTP(o.logger, "the keys that tokens are verified with", o.jwksURL)
		set := jwks.Fetched(o.jwksURL, config)
		return jwks.New(issuers, func(string) *jwks.Set { return set })
	default:
		warnOfPlainHTTP(o.logger, "the keys that tokens are verified with", issuers...)
		return jwks.New(issuers, func(issuer string) *jwks.Set { return jwks.Fetched(issuer+jwksPath, config) })
	}
}

// keyClient returns the HTTP client that fetches keys, or nil for a plain one.
func (o *verifierOptions) keyClient() *http.Client {
	if o.httpClient == nil && o.awsConfig != nil {
		return plainClient(o.awsConfig.HTTPClient)
	}
	return o.httpClient
}

// VerifyAccessToken verifies an access token and returns its claims. The error is a [*TokenError].
// [ErrKeysUnavailable] and [ErrRevocationUnknown] mean that the token could not be checked. Other
// reasons mean that it is invalid. Common errors: [ErrTokenUse], [ErrTokenClient],
// [ErrTokenIssuer], [ErrUnknownKey].
func (v *Verifier) VerifyAccessToken(ctx context.Context, raw string) (*AccessClaims, error) {
	t, err := v.authenticate(ctx, raw, AccessToken)
	if err != nil {
		return nil, err
	}
	return t.access()
}

// VerifyIDToken verifies an ID token and returns its claims. The errors are those of
// [Verifier.VerifyAccessToken]. If you have the access token that was issued with it, use
// [Cognito.VerifyTokens], which also compares at_hash.
func (v *Verifier) VerifyIDToken(ctx context.Context, raw string) (*IDClaims, error) {
	t, err := v.authenticate(ctx, raw, IDToken)
	if err != nil {
		return nil, err
	}
	return t.identity()
}

// VerifyInto verifies a token for use and decodes its claims into claims. claims is a pointer to a
// value that [json.Unmarshal] accepts: a struct of your own, or a [jwt.MapClaims]. A field whose
// tag names a claim gets only the claim of exactly that name: `json:"custom:tenant"` never gets
// custom:Tenant. A struct may embed [AccessClaims], whose All is set, but not [IDClaims], which
// decodes itself. Only the token is checked: a Validate method of claims is not called. The error
// is a [*TokenError] as for [Verifier.VerifyAccessToken], or an [*Error] if use does not exist or
// claims is not a pointer. claims is unchanged if the token is rejected, but may be partly set if a
// claim does not fit into it.
func (v *Verifier) VerifyInto(ctx context.Context, raw string, use TokenUse, claims any) error {
	if err := errors.Join(checkUse(use), checkTarget(claims)); err != nil {
		return wrapError("VerifyInto", err)
	}
	t, err := v.authenticate(ctx, raw, use)
	if err != nil {
		return err
	}
	return t.decode(use, claims)
}

// Keyfunc returns a function that finds the pool's keys for a parser of
// github.com/golang-jwt/jwt/v5. Use it for what this package does not offer. It accepts RS256 only,
// and uses ctx to fetch keys. The error wraps [ErrKeysUnavailable] if the key may exist but cannot
// be fetched now. The parser must check everything else: issuer, expiry, token_use and the app
// client.
func (v *Verifier) Keyfunc(ctx context.Context) jwt.Keyfunc {
	return func(t *jwt.Token) (any, error) {
		if v == nil || v.keys == nil {
			return nil, errNoVerifier
		}
		if t.Method == nil || t.Method.Alg() != algorithm || t.Header["alg"] != algorithm {
			return nil, fmt.Errorf("%w: want %s", jwt.ErrTokenSignatureInvalid, algorithm)
		}
		if _, ok := t.Header["crit"]; ok {
			return nil, token.ErrCritical
		}
		issuer := v.issuers[0]
		if t.Claims != nil {
			if named, err := t.Claims.GetIssuer(); err == nil && slices.Contains(v.issuers, named) {
				issuer = named
			}
		}
		key, err := v.keys.Key(ctx, issuer, t)
		if err != nil {
			return nil, unavailableIfPaused(err)
		}
		return key, nil
	}
}

// Preload fetches the key set if there is none yet, so that the first token does not wait for it.
// The error wraps [ErrKeysUnavailable].
func (v *Verifier) Preload(ctx context.Context) error {
	if v == nil || v.keys == nil {
		return wrapError("Preload", errNoVerifier)
	}
	return wrapError("Preload", v.keys.Preload(ctx))
}

// awsIssuers returns both forms of the issuer of a pool at AWS. The SDK provides the host of each
// partition.
func awsIssuers(region, poolID string) ([]string, error) {
	endpoint, err := cognitoidentityprovider.NewDefaultEndpointResolverV2().ResolveEndpoint(context.Background(),
		cognitoidentityprovider.EndpointParameters{Region: &region})
	if err != nil {
		return nil, fmt.Errorf("user pool ID: no AWS endpoint for the region %s: %w", quote(region), err)
	}
	host := endpoint.URI.Host
	return []string{"https://" + host + "/" + poolID, "https://issuer-" + host + "/" + poolID}, nil
}

const (
	// algorithm is the algorithm that the service signs with. No other is accepted.
	algorithm = "RS256"

	jwksEnv  = "COGNITO_JWKS"
	jwksPath = "/.well-known/jwks.json"

	unknownKeyPause = jwks.UnknownKeyPause
)

var tokenParser = token.NewParser(algorithm)

var errNoVerifier = fmt.Errorf("%w: want a Verifier from NewVerifier", ErrKeysUnavailable)

func checkUse(use TokenUse) error {
	if use != AccessToken && use != IDToken {
		return fieldError("use", "want AccessToken or IDToken, got "+quote(string(use)))
	}
	return nil
}

// checkTarget rejects a value that cannot be decoded into, so that it is not reported as an error
// of the token.
func checkTarget(claims any) error {
	if v := reflect.ValueOf(claims); v.Kind() != reflect.Pointer || v.IsNil() {
		return fieldError("claims", fmt.Sprintf("want a non-nil pointer, got %T", claims))
	}
	return nil
}

// verifiedToken is a token whose signature has been verified. It does not change.
type verifiedToken struct {
	claims tokenClaims
	keyID  string
	key    *rsa.PublicKey
	cached bool                       // other callers may get it, too
	all    atomic.Pointer[everyClaim] // set in a cached token: every claim, decoded once
}

// everyClaim holds every claim of a token by its name. It does not change.
type everyClaim struct {
	all    map[string]any
	nested []string // the claims that are lists or objects
}

// every returns every claim by its name. The map belongs to the caller.
func (t *verifiedToken) every(use TokenUse) (map[string]any, error) {
	if known := t.all.Load(); known != nil {
		return known.clone(), nil
	}
	all, err := t.claims.all()
	if err != nil {
		return nil, &TokenError{Use: use, Reason: fmt.Errorf("%w: claims: %w", jwt.ErrTokenMalformed, err)}
	}
	if !t.cached {
		return all, nil
	}
	known := &everyClaim{all: all}
	for name, value := range all {
		if isNested(value) {
			known.nested = append(known.nested, name)
		}
	}
	t.all.Store(known)
	return known.clone(), nil
}

// clone returns a copy that shares no maps and slices with e.
func (e *everyClaim) clone() map[string]any {
	all := maps.Clone(e.all)
	for _, name := range e.nested {
		all[name] = cloneJSON(e.all[name])
	}
	return all
}

// decode decodes the claims of the token into out.
func (t *verifiedToken) decode(use TokenUse, out any) error {
	payload, err := t.claims.payloadFor(out)
	if err == nil {
		d := json.NewDecoder(strings.NewReader(payload))
		d.UseNumber() // float64 cannot represent every number beyond 2^53
		err = d.Decode(out)
	}
	if err != nil {
		return &TokenError{Use: use, Reason: fmt.Errorf("%w: claims: %w", jwt.ErrTokenMalformed, err)}
	}
	if access, ok := out.(interface{ setAll(all map[string]any) }); ok {
		all, err := t.every(use)
		if err != nil {
			return err
		}
		access.setAll(all)
	}
	return nil
}

func (t *verifiedToken) identity() (*IDClaims, error) {
	all, err := t.every(IDToken)
	if err != nil {
		return nil, err
	}
	return t.claims.identity(all), nil
}

func (t *verifiedToken) access() (*AccessClaims, error) {
	all, err := t.every(AccessToken)
	if err != nil {
		return nil, err
	}
	return t.claims.access(all), nil
}

// unavailableIfPaused adds ErrKeysUnavailable to err if the token names an unknown key and the key
// set may not be fetched again yet, because made-up key IDs have just caused a fetch: the key may
// be a new one.
func unavailableIfPaused(err error) error {
	if errors.Is(err, jwks.ErrPaused) {
		return fmt.Errorf("%w: %w", ErrKeysUnavailable, err)
	}
	return err
}

// authenticate verifies a token from an untrusted sender; see unavailableIfPaused.
func (v *Verifier) authenticate(ctx context.Context, raw string, use TokenUse) (*verifiedToken, error) {
	t, err := v.verify(ctx, raw, use)
	if failure := (*TokenError)(nil); errors.As(err, &failure) {
		err = &TokenError{Use: use, Reason: unavailableIfPaused(failure.Reason)}
	}
	if err == nil && v.revoked != nil {
		if reason := v.revoked(ctx, raw, t); reason != nil {
			failure := &TokenError{Use: use, Reason: reason}
			v.log.DebugContext(ctx, "cognito: token rejected", slog.Any("error", failure))
			return nil, failure
		}
	}
	return t, err
}

// verify verifies raw for use, but does not ask whether it was revoked.
func (v *Verifier) verify(ctx context.Context, raw string, use TokenUse) (*verifiedToken, error) {
	if v == nil || v.keys == nil {
		return nil, &TokenError{Use: use, Reason: errNoVerifier}
	}
	t, err := v.signed(ctx, raw)
	if err == nil {
		err = v.checkClaims(&t.claims, use)
	}
	if err != nil {
		failure := &TokenError{Use: use, Reason: err}
		v.log.DebugContext(ctx, "cognito: token rejected", slog.Any("error", failure))
		return nil, failure
	}
	return t, nil
}

// signed returns raw parsed and with its signature verified. With a cache, a token seen before is
// not verified again while its key is still in the key set.
func (v *Verifier) signed(ctx context.Context, raw string) (*verifiedToken, error) {
	if v.cache == nil {
		return v.checkSignature(ctx, raw)
	}
	if t := v.cache.find(raw); t != nil && v.keys.Has(ctx, t.claims.issuer, t.keyID, t.key) {
		return t, nil
	}
	t, err := v.checkSignature(ctx, raw)
	if err == nil {
		t.cached = true
		v.cache.add(raw, t)
	}
	return t, err
}

func (v *Verifier) checkSignature(ctx context.Context, raw string) (*verifiedToken, error) {
	t := &verifiedToken{}
	find := func(h token.Header, parsed *jwt.Token) (any, error) {
		// The issuer is checked before the key is looked up: the key of another issuer is in no set
		// here, and the lookup would only cause a fetch.
		if !slices.Contains(v.issuers, t.claims.issuer) {
			return nil, fmt.Errorf("%w: want %s, got %s", ErrTokenIssuer, v.issuers[0], quote(t.claims.issuer))
		}
		var err error
		t.keyID = h.KeyID
		t.key, err = v.keys.Key(ctx, t.claims.issuer, parsed)
		return t.key, err
	}
	err := tokenParser.Parse(raw, &t.claims, find)
	if err != nil && t.key != nil && v.keys.Recheck(ctx, t.claims.issuer, t.keyID, t.key) {
		err = tokenParser.Parse(raw, &t.claims, find)
	}
	if err != nil {
		return nil, err
	}
	return t, nil
}

// newTimes returns golang-jwt's check of times. golang-jwt rejects a token at the moment of its
// expiry, and this package accepts it; a nanosecond of leeway makes the difference.
func newTimes(leeway time.Duration, now func() time.Time) *jwt.Validator {
	return jwt.NewValidator(jwt.WithExpirationRequired(), jwt.WithLeeway(leeway+time.Nanosecond), jwt.WithTimeFunc(now))
}

func (v *Verifier) checkTimes(c *tokenClaims) error {
	err := v.times.Validate(c)
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return fmt.Errorf("%w: it was valid until %s, and it is %s",
			jwt.ErrTokenExpired, stamp(c.expires.Time), stamp(v.now()))
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return fmt.Errorf("%w: it is valid from %s, and it is %s",
			jwt.ErrTokenNotValidYet, stamp(c.notBefore.Time), stamp(v.now()))
	default:
		return err
	}
}

func (v *Verifier) checkClaims(c *tokenClaims, use TokenUse) error {
	if err := v.checkTimes(c); err != nil {
		return err
	}
	for _, name := range c.wrong {
		if v.needs(name, use) {
			return fmt.Errorf("%w: claims: %s is of the wrong type", jwt.ErrTokenMalformed, name)
		}
	}
	if c.use != use {
		return fmt.Errorf("%w: want %s, got %s", ErrTokenUse, use, quote(string(c.use)))
	}
	if err := v.checkClient(c, use); err != nil {
		return err
	}
	for _, anyOf := range v.groups {
		if !containsAny(slices.Values(c.groups), anyOf) {
			return fmt.Errorf("%w: want %s", ErrNotInGroup, strings.Join(anyOf, " or "))
		}
	}
	for _, anyOf := range v.scopes {
		if use == IDToken || !containsAny(strings.FieldsSeq(c.scope), anyOf) {
			return fmt.Errorf("%w: want %s", ErrInsufficientScope, strings.Join(anyOf, " or "))
		}
	}
	for _, anyOf := range v.audiences {
		if use == IDToken || !containsAny(slices.Values(c.audience), anyOf) {
			return fmt.Errorf("%w: want %s", ErrTokenAudience, strings.Join(anyOf, " or "))
		}
	}
	return nil
}

// needs reports whether a token for use is invalid if the claim name has the wrong type. It is
// asked only about claims that not every token needs.
func (v *Verifier) needs(name string, use TokenUse) bool {
	switch name {
	case "client_id", "username", "scope":
		return use == AccessToken
	case "cognito:username":
		return use == IDToken
	case "cognito:groups":
		return v.groups != nil
	case "origin_jti":
		return v.revoked != nil
	default:
		return false
	}
}

func (v *Verifier) checkClient(c *tokenClaims, use TokenUse) error {
	if len(v.clientIDs) == 0 { // WithAnyClient
		return nil
	}
	client := c.clientID
	if use == IDToken {
		if len(c.audience) != 1 || c.listedAudience {
			return fmt.Errorf("%w: want one audience, got %d, or a list", ErrTokenClient, len(c.audience))
		}
		client = c.audience[0]
	}
	if !slices.Contains(v.clientIDs, client) {
		return fmt.Errorf("%w: want %s, got %s", ErrTokenClient, strings.Join(v.clientIDs, " or "), quote(client))
	}
	return nil
}

// containsAny reports whether one of names is in wanted. An empty name never is.
func containsAny(names iter.Seq[string], wanted []string) bool {
	for name := range names {
		if name != "" && slices.Contains(wanted, name) {
			return true
		}
	}
	return false
}

// stamp returns t in the form for errors.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// MultiVerifier verifies the tokens of several user pools, each with its own [Verifier]. The issuer
// in a token only selects one of these; it is never used as an address. A MultiVerifier is safe for
// concurrent use. Create one with [NewMultiVerifier].
type MultiVerifier struct {
	verifiers []*Verifier
	byIssuer  map[string]*Verifier
}

// NewMultiVerifier returns a MultiVerifier for the tokens that any of vs accepts. It is an error to
// pass no verifier, or two that accept the same issuer. It does no I/O.
func NewMultiVerifier(vs ...*Verifier) (*MultiVerifier, error) {
	m := &MultiVerifier{byIssuer: map[string]*Verifier{}}
	var errs []error
	if len(vs) == 0 {
		errs = append(errs, fieldError("verifiers", "want at least one, got none"))
	}
	for i, v := range vs {
		if v == nil || v.keys == nil {
			errs = append(errs, fieldError(fmt.Sprintf("verifier %d", i+1), "want one from NewVerifier, got nil"))
			continue
		}
		m.verifiers = append(m.verifiers, v)
		for _, issuer := range v.issuers {
			if m.byIssuer[issuer] != nil && m.byIssuer[issuer] != v {
				problem := "want an issuer that no other verifier accepts, got " + quote(issuer)
				errs = append(errs, fieldError(fmt.Sprintf("verifier %d", i+1), problem))
			}
			m.byIssuer[issuer] = v
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, wrapError("NewMultiVerifier", err)
	}
	return m, nil
}

// VerifyAccessToken verifies an access token as [Verifier.VerifyAccessToken] does. The error is
// [ErrTokenIssuer] if no verifier accepts its issuer.
func (m *MultiVerifier) VerifyAccessToken(ctx context.Context, raw string) (*AccessClaims, error) {
	v, err := m.choose(raw, AccessToken)
	if err != nil {
		return nil, err
	}
	return v.VerifyAccessToken(ctx, raw)
}

// VerifyIDToken verifies an ID token as [Verifier.VerifyIDToken] does. The error is
// [ErrTokenIssuer] if no verifier accepts its issuer.
func (m *MultiVerifier) VerifyIDToken(ctx context.Context, raw string) (*IDClaims, error) {
	v, err := m.choose(raw, IDToken)
	if err != nil {
		return nil, err
	}
	return v.VerifyIDToken(ctx, raw)
}

// VerifyInto verifies a token as [Verifier.VerifyInto] does. The error is [ErrTokenIssuer] if no
// verifier accepts its issuer.
func (m *MultiVerifier) VerifyInto(ctx context.Context, raw string, use TokenUse, claims any) error {
	if err := errors.Join(checkUse(use), checkTarget(claims)); err != nil {
		return wrapError("VerifyInto", err)
	}
	v, err := m.choose(raw, use)
	if err != nil {
		return err
	}
	return v.VerifyInto(ctx, raw, use, claims)
}

// Preload fetches the key sets of all pools that have none yet, concurrently. The error wraps
// [ErrKeysUnavailable] and names each set that could not be fetched. The other sets can be used.
func (m *MultiVerifier) Preload(ctx context.Context) error {
	if m == nil || m.byIssuer == nil {
		return wrapError("Preload", errNoVerifier)
	}
	errs, panics := make([]error, len(m.verifiers)), make([]any, len(m.verifiers))
	var wg sync.WaitGroup
	for i, v := range m.verifiers {
		wg.Go(func() {
			defer func() { panics[i] = recover() }() // a panic of the caller's clock or logger is passed on below
			errs[i] = v.keys.Preload(ctx)
		})
	}
	wg.Wait()
	for _, p := range panics {
		if p != nil {
			panic(p)
		}
	}
	return wrapError("Preload", errors.Join(errs...))
}

// Check verifies the access token in r, as [Verifier.Check] does.
func (m *MultiVerifier) Check(r *http.Request) (*AccessClaims, error) {
	return m.settings().check(r, m)
}

// CheckID verifies the ID token in r, as [Verifier.CheckID] does.
func (m *MultiVerifier) CheckID(r *http.Request) (*IDClaims, error) {
	return m.settings().checkID(r, m)
}

// CheckContext verifies the token in r and returns a context with its claims, as
// [Verifier.CheckContext] does. The options of the first verifier apply, as for
// [MultiVerifier.Handler].
func (m *MultiVerifier) CheckContext(r *http.Request) (context.Context, error) {
	return m.settings().checkContext(r, m)
}

// Handler calls next for requests with a valid token and rejects the others, as [Verifier.Handler]
// does. The options of the first verifier set the use of the token, where it is found, the type of
// the claims in the context, and how errors are answered.
func (m *MultiVerifier) Handler(next http.Handler) http.Handler {
	return m.settings().protect(m, next, false)
}

// HandlerOptional is [MultiVerifier.Handler] for pages that work without a token, like
// [Verifier.HandlerOptional].
func (m *MultiVerifier) HandlerOptional(next http.Handler) http.Handler {
	return m.settings().protect(m, next, true)
}

// settings returns the settings of the first verifier.
func (m *MultiVerifier) settings() *handlerSettings {
	if m == nil || len(m.verifiers) == 0 {
		return &handlerSettings{}
	}
	return &m.verifiers[0].handler
}

func (m *MultiVerifier) authenticate(ctx context.Context, raw string, use TokenUse) (*verifiedToken, error) {
	v, err := m.choose(raw, use)
	if err != nil {
		return nil, err
	}
	return v.authenticate(ctx, raw, use)
}

// choose returns the verifier for the issuer that raw names. Nothing in raw is verified yet.
func (m *MultiVerifier) choose(raw string, use TokenUse) (*Verifier, error) {
	if m == nil || m.byIssuer == nil {
		return nil, &TokenError{Use: use, Reason: errNoVerifier}
	}
	var c tokenClaims
	err := tokenParser.Read(raw, &c)
	if err == nil && m.byIssuer[c.issuer] == nil {
		err = fmt.Errorf("%w: want an issuer of one of the %d verifiers, got %s",
			ErrTokenIssuer, len(m.verifiers), quote(c.issuer))
	}
	if err != nil {
		return nil, &TokenError{Use: use, Reason: err}
	}
	return m.byIssuer[c.issuer], nil
}

// parsedToken is a decoded token. Nothing in it is verified.
type parsedToken struct {
	claims  tokenClaims
	payload string // the claims as JSON
}

// parseToken decodes raw. It verifies nothing.
func parseToken(raw string) (*parsedToken, error) {
	t := &parsedToken{}
	if err := tokenParser.Read(raw, &t.claims); err != nil {
		return nil, err
	}
	t.payload = t.claims.payload
	return t, nil
}

// These are the reasons why a token is rejected. Match a [*TokenError] with [errors.Is]. The
// sentinels of github.com/golang-jwt/jwt/v5 match, too: jwt.ErrTokenExpired, jwt.ErrTokenMalformed,
// jwt.ErrTokenSignatureInvalid and so on.
var (
	// ErrTokenUse means that the token is an ID token where an access token is required, or the
	// reverse.
	ErrTokenUse = errors.New("token is for another use")
	// ErrTokenClient means that the token was issued to another app client.
	ErrTokenClient = errors.New("token was issued to another app client")
	// ErrTokenAudience means that the access token is not bound to a resource that [WithAudience]
	// names.
	ErrTokenAudience = fmt.Errorf("%w: token is for another resource", jwt.ErrTokenInvalidAudience)
	// ErrTokenSigner means that another load balancer signed the claims ([ALBVerifier]).
	ErrTokenSigner = errors.New("claims are signed by another load balancer")
	// ErrTokenIssuer means that another pool issued the token.
	ErrTokenIssuer = errors.New("token has another issuer")
	// ErrUnknownKey means that the token names no key, or one that the pool does not have.
	ErrUnknownKey = jwks.ErrUnknownKey
	// ErrKeysUnavailable means that the pool's keys could not be fetched, so nothing is known about
	// the token.
	ErrKeysUnavailable = jwks.ErrUnavailable
	// ErrNotInGroup means that the user is in none of the groups that [WithGroups] or
	// [RequireGroups] names.
	ErrNotInGroup = errors.New("user is in none of the groups that are wanted")
	// ErrInsufficientScope means that the token has none of the scopes that [WithScopes] or
	// [RequireScopes] names.
	ErrInsufficientScope = errors.New("token has none of the scopes that are wanted")
	// ErrInsufficientAuthentication means that the user signed in at a lower level than
	// [RequireACR] or [TargetACR] requires, or too long ago.
	ErrInsufficientAuthentication = errors.New("a stronger or more recent sign-in is required")
)

// TokenUse is the use of a token: its claim token_use.
type TokenUse string

// These are the uses of a user pool's tokens.
const (
	AccessToken TokenUse = "access"
	IDToken     TokenUse = "id"
)

// TokenError is the error for a token that was rejected, or that could not be checked
// ([ErrKeysUnavailable], [ErrRevocationUnknown]). It never contains the token.
type TokenError struct {
	// Use is the use that was required.
	Use TokenUse
	// Reason is the cause.
	Reason error
}

// Error returns "cognito: ", the use, and the reason.
func (e *TokenError) Error() string { return "cognito: " + e.text() }

func (e *TokenError) text() string { return string(e.Use) + " token: " + e.Reason.Error() }

// Unwrap returns the reason.
func (e *TokenError) Unwrap() error { return e.Reason }

// StatusCode returns the HTTP status that [Verifier.Handler] answers with: 503 if nothing is known
// about the token because the keys or the service could not be reached, 403 if the token is valid
// but lacks a group or scope, and otherwise 401.
func (e *TokenError) StatusCode() int { return statusOf(e) }
