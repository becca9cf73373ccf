package cognito

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/smithy-go/middleware"

	"github.com/gocognito/cognito/internal/backoff"
	"github.com/gocognito/cognito/internal/flight"
)

// Cognito is a client of one user pool and app client, and the session of at most one of its users. Make one
// with [New]; a server that serves many users keeps one and calls [Cognito.ForUser] for each.
//
// A Cognito is safe for concurrent use by multiple goroutines. It must not be copied. The zero Cognito is not
// usable: every method that can fails.
type Cognito struct {
	pool    *pool
	session *session
}

// pool is what the sessions of one client share.
type pool struct {
	id           string
	name         string // the part of the ID that goes into SRP
	clientID     string
	clientSecret string
	ids          idRules
	issuer       string
	sdk          *cognitoidentityprovider.Client
	verifier     *Verifier
	closeIdle    func()           // of the HTTP client; nil where it cannot
	now          func() time.Time // the service's clock, as far as it is known
	log          *slog.Logger

	domain      string       // of the authorization server: scheme and host; "" where none was given
	otherSecret string       // while one secret replaces the other; "" for none
	otherFirst  atomic.Bool  // the other secret is the one that was taken last
	web         *http.Client // for the authorization server
	machines    machineTable

	refreshByAuth atomic.Bool // the server does not know GetTokensFromRefreshToken

	refreshPauses backoff.Table[string] // by refresh token
	signInPauses  backoff.Table[string] // of transports, by user and password
	refusals      backoff.Table[string] // by servers, of new tokens of a user
	signInTurns   flight.Locks[string]  // likewise: one sign-in at a time, so that each knows how the last one ended
}

// shared returns what c's sessions share. It never is nil: for a Cognito that New did not make every call fails.
func (c *Cognito) shared() *pool {
	if c == nil || c.pool == nil {
		return unmade()
	}
	return c.pool
}

var unmade = sync.OnceValue(func() *pool {
	return &pool{
		now: time.Now, log: slog.New(slog.DiscardHandler), verifier: &Verifier{},
		sdk: cognitoidentityprovider.New(cognitoidentityprovider.Options{
			Region: "none", Credentials: noCredentials{}, Retryer: aws.NopRetryer{},
			APIOptions: []func(*middleware.Stack) error{func(stack *middleware.Stack) error {
				return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("cognito.New", func(
					context.Context, middleware.InitializeInput, middleware.InitializeHandler,
				) (middleware.InitializeOutput, middleware.Metadata, error) {
					return middleware.InitializeOutput{}, middleware.Metadata{}, errNotMade
				}), middleware.Before)
			}},
		}),
	}
})

// errNotMade answers for a Cognito that New did not make.
var errNotMade = fieldError("client", "want one from New")

// New makes a client of the user pool userPoolID (for example "eu-west-1_aBcDeFgHi") for the app client
// clientID. It does no I/O and starts no goroutine: what is wrong with the arguments is reported here, what is
// wrong with the pool by the first call. The errors name the argument or option and what was expected.
//
// Calls for a user need no AWS credentials and no AWS configuration. Calls that must be signed load the default
// AWS configuration on first use, unless [WithStaticCredentials] or [WithAWSConfig] gave credentials; without
// any they fail with [ErrNoCredentials].
//
// Without [WithEndpoint] and [WithAWSConfig] all calls go where the environment says: AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER,
// AWS_ENDPOINT_URL, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS, AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT mean what
// they mean to the AWS SDK. They move neither the issuer nor the key set. The same settings in AWS's configuration files
// are read with [WithAWSConfig] only.
//
// Each request ends: where neither the context has a deadline nor the HTTP client is the caller's own, an attempt is over
// after 30 seconds.
func New(userPoolID, clientID string, opts ...Option) (*Cognito, error) {
	c, err := newCognito(userPoolID, clientID, opts)
	return c, wrapError("New", err)
}

func newCognito(userPoolID, clientID string, opts []Option) (*Cognito, error) {
	o := defaultClientOptions()
	for _, opt := range opts {
		if opt != nil {
			opt.applyClient(&o)
		}
	}
	if err := o.idRules().checkIDs(userPoolID, clientID); err != nil {
		o.errs = append([]error{err}, o.errs...)
	}
	if len(o.errs) > 0 {
		return nil, errors.Join(o.errs...)
	}

	region, name := splitPoolID(userPoolID)
	if o.region == "" {
		o.region = region
	}
	clock := &serviceClock{local: o.now}
	o.now = clock.now
	verifier, err := newVerifier(userPoolID, []string{clientID}, &verifierOptions{clientOptions: o, regions: []string{o.region}})
	if err != nil {
		return nil, err
	}
	sdk, err := newServiceClient(&o, o.region, clock)
	if err != nil {
		return nil, err
	}
	domain := ""
	if o.domain != "" {
		if domain, err = domainURL("WithDomain", o.domain, region); err != nil {
			return nil, err
		}
	}
	p := &pool{
		id: userPoolID, name: name, clientID: clientID, clientSecret: o.clientSecret, ids: o.idRules(),
		issuer: verifier.issuers[0], sdk: sdk, closeIdle: o.closeIdle, now: clock.now, log: o.logger,
		verifier: verifier, domain: domain, otherSecret: o.otherSecret, web: newWebClient(verifier.httpClient),
	}
	return &Cognito{pool: p, session: newSession(o.sessionOptions, p)}, nil
}

// ForUser makes a second session, for username, that shares the service client, the key set and its cache with
// c. It allocates and does no I/O. The new session has what c was given by [WithChallengeHandler],
// [WithDeviceTracking] and [WithRefreshMetadata], but not what is one user's: c's tokens, store, device and challenge.
func (c *Cognito) ForUser(username string, opts ...SessionOption) *Cognito {
	o := sessionOptions{username: username}
	if c.session != nil {
		o.handler, o.trackName, o.metadata = c.session.handler, c.session.trackName, c.session.metadata
	}
	for _, opt := range opts {
		if opt != nil {
			opt.applySession(&o)
		}
	}
	return &Cognito{pool: c.pool, session: newSession(o, c.pool)}
}

// CloseIdleConnections closes the idle connections to the service, which all sessions of the client share, and with
// [WithHTTPClient] those to the key set.
func (c *Cognito) CloseIdleConnections() {
	if closeIdle := c.shared().closeIdle; closeIdle != nil {
		closeIdle()
	}
}

// Client returns the AWS SDK's client that c calls the service with, for what this package does not offer.
// Signed operations get their credentials as described at [New].
func (c *Cognito) Client() *cognitoidentityprovider.Client { return c.shared().sdk }

// Username returns whose session it is: the name given to [Cognito.ForUser], [WithUsername] or in [WithRegistration];
// without one, the name in the pending challenge or in the verified access token; "" when there is none of these.
func (c *Cognito) Username() string {
	return c.session.current().name()
}

// UserPoolID returns the ID of the user pool.
func (c *Cognito) UserPoolID() string { return c.shared().id }

// ClientID returns the ID of the app client.
func (c *Cognito) ClientID() string { return c.shared().clientID }

// Issuer returns the issuer that the pool's tokens name. Tokens of a pool at AWS may name a second form of it,
// which is accepted too; see [WithIssuer].
func (c *Cognito) Issuer() string { return c.shared().issuer }

// Format prints the pool, the app client and the user, and no secret, whatever the verb. It has a value receiver
// so that a dereferenced Cognito does not print otherwise.
func (c Cognito) Format(f fmt.State, _ rune) {
	if c.pool == nil || c.session == nil {
		_, _ = io.WriteString(f, "Cognito{}")
		return
	}
	_, _ = io.WriteString(f, "Cognito{pool "+c.shared().id+", client "+c.shared().clientID+", user "+c.Username()+"}")
}

// LogValue logs the pool, the app client and the user.
func (c Cognito) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// splitPoolID takes a checked pool ID apart: the region, and the name that SRP uses.
func splitPoolID(id string) (region, name string) {
	i := strings.LastIndexByte(id, '_')
	return id[:i], id[i+1:]
}

// idRules say what the IDs of pools and app clients look like.
type idRules struct {
	clientExtra, nameExtra string // what they have beside letters, digits and _, and beside letters and digits
}

var (
	awsIDs = idRules{clientExtra: "+"}
	// localIDs are those of the servers that people test with, which make up some of their own.
	localIDs = idRules{clientExtra: "+-.:", nameExtra: "-"}
)

// idRules returns the rules that the options ask for.
func (o *clientOptions) idRules() idRules {
	if o.endpoint != "" {
		return localIDs
	}
	return awsIDs
}

// checkIDs refuses what cannot be a pool ID or client ID. Regions are not matched against a list or a pattern,
// so that partitions to come work.
func (r idRules) checkIDs(userPoolID, clientID string) error {
	poolErr, clientErr := r.checkPoolID(userPoolID), r.checkClientID(clientID)
	if (poolErr != nil || clientErr != nil) && r.checkPoolID(clientID) == nil && r.checkClientID(userPoolID) == nil {
		return fieldError("user pool ID and client ID", "they look swapped: "+quote(userPoolID)+" is no pool ID, "+quote(clientID)+" is one")
	}
	return errors.Join(poolErr, clientErr)
}

func (r idRules) checkPoolID(id string) error {
	i := strings.LastIndexByte(id, '_')
	if len(id) > 55 || i <= 0 || i == len(id)-1 || !allOf(id[:i], isWord, "-") || !allOf(id[i+1:], isAlphanumeric, r.nameExtra) {
		return fieldError("user pool ID", "want <region>_<name>, such as eu-west-1_aBcDeFgHi, got "+quote(id))
	}
	return nil
}

func (r idRules) checkClientID(id string) error {
	if id == "" || len(id) > 128 || !allOf(id, isWord, r.clientExtra) {
		return fieldError("client ID", "want 1 to 128 letters, digits and any of _"+r.clientExtra+", got "+quote(id))
	}
	return nil
}

func isAlphanumeric(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

func isWord(r rune) bool { return r == '_' || isAlphanumeric(r) }

func allOf(s string, is func(rune) bool, extra string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return !is(r) && !strings.ContainsRune(extra, r) })
}

// quote shows a wrong argument in an error, bounded.
func quote(s string) string {
	const most = 60
	if len(s) > most {
		return fmt.Sprintf("%q… (%d bytes)", s[:most], len(s))
	}
	return fmt.Sprintf("%q", s)
}
