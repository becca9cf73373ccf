package cognito

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/golang-jwt/jwt/v5"
)

const (
	defaultLeeway = time.Minute

	// maxTokenSize bounds a token before any work is done on it. A pool's largest honest ID token holds 50
	// custom attributes; HTTP servers refuse headers well below this.
	maxTokenSize = 64 << 10
)

// Why a token is refused, matched with [errors.Is] against a [*TokenError]. The sentinels of
// github.com/golang-jwt/jwt/v5 (jwt.ErrTokenExpired, jwt.ErrTokenMalformed, jwt.ErrTokenSignatureInvalid and
// so on) match too.
var (
	// ErrTokenUse: an ID token where an access token is wanted, or the reverse.
	ErrTokenUse = errors.New("token is for another use")
	// ErrTokenClient: the token was issued to another app client.
	ErrTokenClient = errors.New("token was issued to another app client")
	// ErrTokenIssuer: the token was issued by another pool.
	ErrTokenIssuer = errors.New("token has another issuer")
	// ErrUnknownKey: the token names no key, or one that the pool does not have.
	ErrUnknownKey = errors.New("token is signed with an unknown key")
	// ErrKeysUnavailable: the pool's keys could not be fetched, so nothing is known about the token. It is the
	// one reason here that speaks of the pool and not of the token.
	ErrKeysUnavailable = errors.New("the pool's keys are unavailable")
)

// TokenUse is what a token is for: its claim token_use.
type TokenUse string

// The uses of a user pool's tokens.
const (
	AccessToken TokenUse = "access"
	IDToken     TokenUse = "id"
)

// TokenError says why a token was refused, or why it could not be checked ([ErrKeysUnavailable]). It never
// holds the token.
type TokenError struct {
	// Use is what the token was wanted for.
	Use TokenUse
	// Reason is the cause.
	Reason error
}

// Error returns "cognito: ", the use, and the reason.
func (e *TokenError) Error() string { return "cognito: " + e.text() }

func (e *TokenError) text() string { return string(e.Use) + " token: " + e.Reason.Error() }

// Unwrap returns the reason.
func (e *TokenError) Unwrap() error { return e.Reason }

// Verifier verifies the tokens of one user pool: signature (RS256, by one of the pool's keys), issuer, expiry,
// use and app client. The pool's keys are fetched on first use and again when a token names a new one; see
// [WithJWKSURL]. A Verifier is safe for concurrent use.
//
// A token that verifies was issued by the pool and has not expired. Whether it was revoked since, by a
// sign-out, only the service knows.
type Verifier struct {
	issuers   []string // the first is where the keys are
	clientIDs []string // nil: any
	keys      *keySet
	leeway    time.Duration
	now       func() time.Time
}

// VerifierOption sets up a [Verifier] in [NewVerifier].
type VerifierOption func(*verifierOptions)

type verifierOptions struct {
	clientOptions

	issuers   []string
	anyClient bool
}

// WithAnyClient accepts the tokens of every app client of the pool. Without it the client IDs are compared.
func WithAnyClient() VerifierOption { return func(o *verifierOptions) { o.anyClient = true } }

// WithIssuers sets the issuers that tokens may name; the keys are fetched from under the first. If not set, both
// forms of the pool's issuer at AWS are accepted.
func WithIssuers(urls ...string) VerifierOption {
	return func(o *verifierOptions) {
		for _, url := range urls {
			o.issuers = append(o.issuers, o.checkURL("WithIssuers", url))
		}
	}
}

// WithKeys gives the pool's key set as JSON; nothing is fetched then. If not set, COGNITO_JWKS gives it, else it
// is fetched.
func WithKeys(keySet []byte) VerifierOption {
	return func(o *verifierOptions) { WithJWKS(keySet).applyClient(&o.clientOptions) }
}

// WithVerifierLeeway sets by how much clocks may differ, from 0 to 5 minutes. If not set, it is one minute.
func WithVerifierLeeway(d time.Duration) VerifierOption {
	return func(o *verifierOptions) { WithLeeway(d).applyClient(&o.clientOptions) }
}

// WithVerifierClock sets the clock, mostly for tests. If not set, it is [time.Now].
func WithVerifierClock(now func() time.Time) VerifierOption {
	return func(o *verifierOptions) { WithClock(now).applyClient(&o.clientOptions) }
}

// WithVerifierHTTPClient sets the HTTP client that fetches the key set. If not set, a plain one is used.
func WithVerifierHTTPClient(client *http.Client) VerifierOption {
	return func(o *verifierOptions) { WithHTTPClient(client).applyClient(&o.clientOptions) }
}

// NewVerifier makes a verifier of the tokens that the user pool userPoolID issues to the app clients clientIDs.
// It does no I/O. Without client IDs it is an error, unless [WithAnyClient] says that all are meant.
func NewVerifier(userPoolID string, clientIDs []string, opts ...VerifierOption) (*Verifier, error) {
	v, err := newVerifier(userPoolID, clientIDs, opts)
	return v, wrapError("NewVerifier", err)
}

func newVerifier(userPoolID string, clientIDs []string, opts []VerifierOption) (*Verifier, error) {
	o := &verifierOptions{clientOptions: defaultClientOptions()}
	for _, opt := range opts {
		if opt != nil {
			opt(o)
		}
	}
	errs := append([]error{checkPoolID(userPoolID)}, o.errs...)
	for _, id := range clientIDs {
		errs = append(errs, checkClientID(id))
	}
	if (len(clientIDs) == 0) != o.anyClient {
		errs = append(errs, fieldError("client IDs", "want at least one, or none and WithAnyClient"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	region, _ := splitPoolID(userPoolID)
	issuers := o.issuers
	if len(issuers) == 0 {
		var err error
		if issuers, err = awsIssuers(region, userPoolID); err != nil {
			return nil, err
		}
	}
	keys, err := o.keySet(issuers[0])
	if err != nil {
		return nil, err
	}
	return &Verifier{issuers: issuers, clientIDs: slices.Clone(clientIDs), keys: keys, leeway: o.leeway, now: o.now}, nil
}

// VerifyAccessToken verifies an access token and returns its claims. The error is a [*TokenError]:
// [ErrKeysUnavailable] when the token could not be checked, another reason when it is bad.
func (v *Verifier) VerifyAccessToken(ctx context.Context, raw string) (*AccessClaims, error) {
	claims := &AccessClaims{}
	if _, err := v.verify(ctx, raw, AccessToken, claims); err != nil {
		return nil, err
	}
	return claims, nil
}

// VerifyIDToken verifies an ID token and returns its claims. The error is as for [Verifier.VerifyAccessToken].
func (v *Verifier) VerifyIDToken(ctx context.Context, raw string) (*IDClaims, error) {
	claims := &IDClaims{}
	if _, err := v.verify(ctx, raw, IDToken, claims); err != nil {
		return nil, err
	}
	return claims, nil
}

// Preload fetches the key set if there is none yet, so that the first token does not wait for it. The error
// wraps [ErrKeysUnavailable].
func (v *Verifier) Preload(ctx context.Context) error {
	return wrapError("Preload", v.keys.preload(ctx))
}

// awsIssuers is both forms of the issuer of a pool at AWS. The SDK knows the host of each partition.
func awsIssuers(region, poolID string) ([]string, error) {
	endpoint, err := cognitoidentityprovider.NewDefaultEndpointResolverV2().ResolveEndpoint(context.Background(),
		cognitoidentityprovider.EndpointParameters{Region: &region})
	if err != nil {
		return nil, fmt.Errorf("user pool ID: no AWS endpoint for the region %s: %w", quote(region), err)
	}
	host := endpoint.URI.Host
	return []string{"https://" + host + "/" + poolID, "https://issuer-" + host + "/" + poolID}, nil
}

// tokenClaims is what every check looks at. It is decoded from the token by itself, so that no type of a
// caller's can stand between a token and its checks.
type tokenClaims struct {
	jwt.RegisteredClaims

	Use             TokenUse `json:"token_use"`
	ClientID        string   `json:"client_id"`
	Username        string   `json:"username"`
	CognitoUsername string   `json:"cognito:username"`
	AtHash          string   `json:"at_hash"`
	DeviceKey       string   `json:"device_key"`
}

// tokenParser does the parsing and the signature; the claims are checked here, in the order and with the texts
// that users of Cognito tokens need.
var tokenParser = jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithStrictDecoding(), jwt.WithoutClaimsValidation())

// verify checks raw for use and decodes its payload into out, which may be nil.
func (v *Verifier) verify(ctx context.Context, raw string, use TokenUse, out any) (*tokenClaims, error) {
	claims, err := v.check(ctx, raw, use)
	if err == nil && out != nil {
		err = decodePayload(raw, out)
	}
	if err != nil {
		return nil, &TokenError{Use: use, Reason: err}
	}
	return claims, nil
}

func (v *Verifier) check(ctx context.Context, raw string, use TokenUse) (*tokenClaims, error) {
	if len(raw) > maxTokenSize {
		return nil, fmt.Errorf("%w: want at most %d bytes, got %d", jwt.ErrTokenMalformed, maxTokenSize, len(raw))
	}
	if strings.ContainsAny(raw, "\r\n") { // the base64 decoder would pass over them
		return nil, fmt.Errorf("%w: it has a line break in it", jwt.ErrTokenMalformed)
	}
	claims := &tokenClaims{}
	var keyErr error
	_, err := tokenParser.ParseWithClaims(raw, claims, func(token *jwt.Token) (any, error) {
		var key any
		key, keyErr = v.keyFor(ctx, token, claims)
		return key, keyErr
	})
	if keyErr != nil {
		return nil, keyErr // it says what happened; the parser's wrapping adds only that a key was looked for
	}
	if err != nil {
		return nil, err
	}
	return claims, v.checkClaims(claims, use)
}

// keyFor finds the key for a token whose signature is not verified yet. A foreign issuer is refused first: its
// keys are not in this set, and looking for them would only make the set be fetched again.
func (v *Verifier) keyFor(ctx context.Context, token *jwt.Token, claims *tokenClaims) (any, error) {
	if !slices.Contains(v.issuers, claims.Issuer) {
		return nil, fmt.Errorf("%w: want %s, got %s", ErrTokenIssuer, v.issuers[0], quote(claims.Issuer))
	}
	if _, ok := token.Header["crit"]; ok {
		return nil, fmt.Errorf("%w: it has critical header extensions, and none is supported", jwt.ErrTokenUnverifiable)
	}
	kid, present := token.Header["kid"]
	id, text := kid.(string)
	switch {
	case present && !text:
		return nil, fmt.Errorf("%w: want a text as kid", jwt.ErrTokenMalformed)
	case id == "":
		return nil, fmt.Errorf("%w: it names none", ErrUnknownKey)
	}
	return v.keys.key(ctx, token)
}

func (v *Verifier) checkClaims(claims *tokenClaims, use TokenUse) error {
	now := v.now()
	switch {
	case claims.ExpiresAt == nil:
		return fmt.Errorf("%w: exp", jwt.ErrTokenRequiredClaimMissing)
	case now.After(claims.ExpiresAt.Add(v.leeway)):
		return fmt.Errorf("%w: it was valid until %s, and it is %s", jwt.ErrTokenExpired, stamp(claims.ExpiresAt.Time), stamp(now))
	case claims.NotBefore != nil && now.Add(v.leeway).Before(claims.NotBefore.Time):
		return fmt.Errorf("%w: it is valid from %s, and it is %s", jwt.ErrTokenNotValidYet, stamp(claims.NotBefore.Time), stamp(now))
	case claims.Use != use:
		return fmt.Errorf("%w: want %s, got %s", ErrTokenUse, use, quote(string(claims.Use)))
	}
	if v.clientIDs == nil {
		return nil
	}
	client := claims.ClientID
	if use == IDToken {
		if len(claims.Audience) != 1 {
			return fmt.Errorf("%w: want one audience, got %d", ErrTokenClient, len(claims.Audience))
		}
		client = claims.Audience[0]
	}
	if !slices.Contains(v.clientIDs, client) {
		return fmt.Errorf("%w: want %s, got %s", ErrTokenClient, strings.Join(v.clientIDs, " or "), quote(client))
	}
	return nil
}

// stamp is a time in an error.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// decodePayload decodes the claims of a token that has been verified.
func decodePayload(raw string, out any) error {
	_, rest, _ := strings.Cut(raw, ".")
	payload, _, _ := strings.Cut(rest, ".")
	text, err := base64.RawURLEncoding.DecodeString(payload)
	if err == nil {
		err = json.Unmarshal(text, out)
	}
	if err != nil {
		return fmt.Errorf("%w: claims: %w", jwt.ErrTokenMalformed, err)
	}
	return nil
}
