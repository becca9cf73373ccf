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

// Cognito is a client of one user pool and app client. It is also the session of at most one user.
// Create it with [New]. A server that serves many users creates one and calls [Cognito.ForUser] for
// each user.
//
// A Cognito is safe for concurrent use by multiple goroutines. It must not be copied. The zero
// value is not usable: its methods that return an error fail.
type Cognito struct {
	pool    *pool
	session *session
}

// pool holds what the sessions of one client share.
type pool struct {
	id           string
	name         string // the part of the ID that SRP uses
	clientID     string
	clientSecret string
	ids          idRules
	issuer       string
	sdk          *cognitoidentityprovider.Client
	verifier     *Verifier
	closeIdle    func()           // closes idle connections; nil if the HTTP client cannot
	now          func() time.Time // the service's clock, estimated from its responses
	log          *slog.Logger

	domain      string       // scheme and host of the authorization server; "" if not set
	otherSecret string       // the second client secret during a rotation, or ""
	otherFirst  atomic.Bool  // the authorization server last accepted otherSecret
	web         *http.Client // for the authorization server
	machines    machineTable

	refreshByAuth atomic.Bool // the server lacks GetTokensFromRefreshToken

	refreshPauses backoff.Table[string] // by refresh token
	signInPauses  backoff.Table[string] // of transports, by user and password
	// refusals are the new tokens that servers rejected, by user and host, and the ID tokens that
	// refreshes do not bring.
	refusals backoff.Table[string]
	// signInTurns lets one sign-in run at a time, so that each knows the result of the last.
	signInTurns flight.Locks[string]
}

// shared returns what c's sessions share. It is never nil. If New did not create c, it returns
// zeroPool, with which every call fails.
func (c *Cognito) shared() *pool {
	if c == nil || c.pool == nil {
		return zeroPool()
	}
	return c.pool
}

// zeroPool is the pool of a Cognito that New did not create. Its calls fail with errNotMade.
var zeroPool = sync.OnceValue(func() *pool {
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

// errNotMade is the error of calls on a Cognito that New did not create.
var errNotMade = fieldError("client", "want one from New")

// New returns a client of the user pool userPoolID (for example "eu-west-1_aBcDeFgHi") for the app
// client clientID. It makes no request and starts no goroutine. It returns an error for an invalid
// argument or option, which the error names. A pool or an app client that does not exist is
// reported by the first call.
//
// Calls that users make for themselves need no AWS credentials and no AWS configuration. The first
// call that needs credentials loads the default AWS configuration, unless [WithStaticCredentials]
// or [WithAWSConfig] is set. It fails with [ErrNoCredentials] if there are none.
//
// Without [WithEndpoint] and [WithAWSConfig] the environment determines the endpoint.
// AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER, AWS_ENDPOINT_URL,
// AWS_IGNORE_CONFIGURED_ENDPOINT_URLS, AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT have
// the same effect as in the AWS SDK. They change neither the issuer nor the URL of the key set. The
// same settings in AWS configuration files have an effect only with [WithAWSConfig].
//
// Each attempt of a request is limited to 30 seconds. The limit does not apply if the context has a
// deadline or the caller supplies the HTTP client, for example with [WithHTTPClient].
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
	verifier, err := newVerifier(userPoolID, []string{clientID},
		&verifierOptions{clientOptions: o, regions: []string{o.region}})
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

// ForUser returns a new session for username. It shares the connections, the key set and the caches
// of c. It makes no request. The new session inherits [WithChallengeHandler], [WithDeviceTracking]
// and [WithRefreshMetadata] from c. It does not inherit what belongs to one user: the tokens, the
// store, the device and the challenge.
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

// CloseIdleConnections closes the idle connections to the service, which all sessions of the client
// share. With [WithHTTPClient] it also closes those to the key set.
func (c *Cognito) CloseIdleConnections() {
	if closeIdle := c.shared().closeIdle; closeIdle != nil {
		closeIdle()
	}
}

// Client returns the AWS SDK client with which c calls the service. Use it for operations that this
// package does not cover. Operations that need AWS credentials get them as described at [New].
func (c *Cognito) Client() *cognitoidentityprovider.Client { return c.shared().sdk }

// Username returns the session's username: the one given to [Cognito.ForUser] or [WithUsername], or
// contained in [WithChallenge] or [WithRegistration], or passed to [Cognito.Register]. Otherwise it
// returns the username in the verified access token, or "" if there is none.
func (c *Cognito) Username() string {
	return c.session.current().name()
}

// UserPoolID returns the ID of the user pool.
func (c *Cognito) UserPoolID() string { return c.shared().id }

// ClientID returns the ID of the app client.
func (c *Cognito) ClientID() string { return c.shared().clientID }

// Issuer returns the issuer that the pool's tokens name. Tokens of a pool at AWS may name a second
// form of it, which is accepted, too; see [WithIssuers].
func (c *Cognito) Issuer() string { return c.shared().issuer }

// Format prints the pool, the app client and the user, and no secret, for every verb. It has a
// value receiver so that it applies to a dereferenced Cognito, too.
func (c Cognito) Format(f fmt.State, _ rune) {
	if c.pool == nil || c.session == nil {
		_, _ = io.WriteString(f, "Cognito{}")
		return
	}
	_, _ = io.WriteString(f, "Cognito{pool "+c.shared().id+", client "+c.shared().clientID+", user "+c.Username()+"}")
}

// LogValue returns the pool, the app client and the user, for package log/slog.
func (c Cognito) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// splitPoolID splits a valid pool ID into the region and the name that SRP uses.
func splitPoolID(id string) (region, name string) {
	i := strings.LastIndexByte(id, '_')
	return id[:i], id[i+1:]
}

// idRules are the rules for the IDs of pools and app clients.
type idRules struct {
	clientExtra string // allowed in client IDs beside letters, digits and _
	nameExtra   string // allowed in the name in a pool ID beside letters and digits
}

var (
	awsIDs = idRules{clientExtra: "+"}
	// localIDs are the rules for local pools, which use further characters.
	localIDs = idRules{clientExtra: "+-.:", nameExtra: "-"}
)

// idRules returns localIDs if an endpoint is set, and awsIDs otherwise.
func (o *clientOptions) idRules() idRules {
	if o.endpoint != "" {
		return localIDs
	}
	return awsIDs
}

// checkIDs rejects invalid pool IDs and client IDs. It does not check regions against a list or a
// pattern, so that future AWS partitions work.
func (r idRules) checkIDs(userPoolID, clientID string) error {
	poolErr, clientErr := r.checkPoolID(userPoolID), r.checkClientID(clientID)
	if (poolErr != nil || clientErr != nil) && r.checkPoolID(clientID) == nil && r.checkClientID(userPoolID) == nil {
		return fieldError("user pool ID and client ID",
			"the arguments look swapped: "+quote(userPoolID)+" is not a pool ID, "+quote(clientID)+" is")
	}
	return errors.Join(poolErr, clientErr)
}

func (r idRules) checkPoolID(id string) error {
	i := strings.LastIndexByte(id, '_')
	if len(id) > 55 || i <= 0 || i == len(id)-1 ||
		!allOf(id[:i], isWord, "-") || !allOf(id[i+1:], isAlphanumeric, r.nameExtra) {
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

// quote quotes an invalid argument for an error, with a bounded length.
func quote(s string) string {
	const most = 60
	if len(s) > most {
		return fmt.Sprintf("%q… (%d bytes)", s[:most], len(s))
	}
	return fmt.Sprintf("%q", s)
}
