package cognito

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
)

// Option sets up a [Cognito] in [New].
type Option interface {
	applyClient(*clientOptions)
}

// SessionOption sets up the session of one user, in [New] or in [Cognito.ForUser].
type SessionOption interface {
	Option
	applySession(*sessionOptions)
}

// clientOptions is what the options of New collect; errs are reported by New, all at once.
type clientOptions struct {
	sessionOptions

	clientSecret string
	region       string
	awsConfig    *aws.Config
	credentials  *aws.Credentials
	sdkOptions   []func(*cognitoidentityprovider.Options)
	httpClient   *http.Client
	endpoint     string
	issuer       string
	jwksURL      string
	jwks         []byte
	leeway       time.Duration
	now          func() time.Time
	logger       *slog.Logger

	errs []error
}

func defaultClientOptions() clientOptions {
	return clientOptions{leeway: defaultLeeway, now: time.Now, logger: slog.New(slog.DiscardHandler)}
}

type sessionOptions struct {
	username  string
	tokens    Tokens
	challenge *Challenge
	handler   ChallengeHandler
	store     TokenStore
	device    Device
	trackName *string
	signUp    signUp
}

type clientOption func(*clientOptions)

func (o clientOption) applyClient(target *clientOptions) { o(target) }

type sessionOption func(*sessionOptions)

func (o sessionOption) applyClient(target *clientOptions)   { o(&target.sessionOptions) }
func (o sessionOption) applySession(target *sessionOptions) { o(target) }

func (o *clientOptions) refuse(option, problem string) {
	o.errs = append(o.errs, fieldError(option, problem))
}

// WithClientSecret sets the app client's secret. If not set, or empty, the app client has none.
func WithClientSecret(secret string) Option {
	return clientOption(func(o *clientOptions) { o.clientSecret = secret })
}

// WithRegion sets the AWS region that the service is called in, for a replica of the pool in another region.
// If not set, it is the region that the pool ID begins with. The issuer of the tokens keeps that region.
func WithRegion(region string) Option {
	return clientOption(func(o *clientOptions) {
		if region == "" || strings.ContainsAny(region, "/:@ ") {
			o.refuse("WithRegion", "want the name of an AWS region such as eu-west-1")
		}
		o.region = region
	})
}

// WithAWSConfig sets the AWS configuration that the service client is made from: credentials, HTTP client,
// retries, endpoints. The key set is fetched with its HTTP client, too, if that is an [http.Client] or the SDK's own
// kind. Its region is not used. If not set, unsigned calls need no AWS configuration at all, and
// the first call that must be signed loads the default one.
func WithAWSConfig(cfg aws.Config) Option {
	return clientOption(func(o *clientOptions) { o.awsConfig = &cfg })
}

// WithStaticCredentials sets the AWS credentials that signed calls use; sessionToken may be empty. If not set,
// they come from [WithAWSConfig], else from the default AWS configuration.
func WithStaticCredentials(accessKeyID, secretAccessKey, sessionToken string) Option {
	return clientOption(func(o *clientOptions) {
		if accessKeyID == "" || secretAccessKey == "" {
			o.refuse("WithStaticCredentials", "want both an access key ID and a secret access key")
		}
		o.credentials = &aws.Credentials{
			AccessKeyID: accessKeyID, SecretAccessKey: secretAccessKey, SessionToken: sessionToken,
			Source: "cognito.WithStaticCredentials",
		}
	})
}

// WithClientOptions changes the options of the SDK's client, after everything else has been set. Do not turn on
// the SDK's logging of bodies outside of tests: they hold passwords and tokens.
func WithClientOptions(fns ...func(*cognitoidentityprovider.Options)) Option {
	return clientOption(func(o *clientOptions) {
		for _, fn := range fns {
			if fn == nil {
				o.refuse("WithClientOptions", "want functions, got nil")
				continue
			}
			o.sdkOptions = append(o.sdkOptions, fn)
		}
	})
}

// WithHTTPClient sets the HTTP client of service calls and of fetches of the key set. Redirects are refused
// whatever its CheckRedirect says, since a redirected call would carry passwords and tokens to another address.
// If not set, the SDK's own client is used.
func WithHTTPClient(client *http.Client) Option {
	return clientOption(func(o *clientOptions) {
		if client == nil {
			o.refuse("WithHTTPClient", "want a client, got nil")
		}
		o.httpClient = client
	})
}

// WithEndpoint moves the service, the issuer and the key set to one URL, as a local pool has them: the issuer
// is url + "/" + pool ID. [WithIssuer] and [WithJWKSURL] move the latter two elsewhere. If not set, AWS's own
// endpoint for the region is used.
func WithEndpoint(url string) Option {
	return clientOption(func(o *clientOptions) { o.endpoint = o.checkURL("WithEndpoint", url) })
}

// WithIssuer sets the issuer that tokens must name, and where the key set is unless [WithJWKSURL] says. If not
// set, both forms of the pool's issuer at AWS are accepted.
func WithIssuer(url string) Option {
	return clientOption(func(o *clientOptions) { o.issuer = o.checkURL("WithIssuer", url) })
}

// WithJWKSURL sets where the pool's key set is fetched. If not set, it is the issuer followed by
// "/.well-known/jwks.json".
func WithJWKSURL(url string) Option {
	return clientOption(func(o *clientOptions) { o.jwksURL = o.checkURL("WithJWKSURL", url) })
}

// WithJWKS gives the pool's key set as JSON; nothing is fetched then, and keys that the pool rotates to are not
// known. If not set, the environment variable COGNITO_JWKS gives it, unless [WithJWKSURL] says where it
// is; else it is fetched.
func WithJWKS(keySet []byte) Option {
	keySet = append([]byte{}, keySet...)
	return clientOption(func(o *clientOptions) { o.jwks = keySet })
}

// WithLeeway sets by how much the clocks of the pool and of this machine may differ when the times in a token
// are checked, from 0 to 5 minutes. If not set, it is one minute.
func WithLeeway(d time.Duration) Option {
	return clientOption(func(o *clientOptions) {
		if err := checkLeeway("WithLeeway", d); err != nil {
			o.errs = append(o.errs, err)
		}
		o.leeway = d
	})
}

// WithClock sets the clock, mostly for tests; for a constant difference of clocks see [WithLeeway]. If not set,
// it is [time.Now].
func WithClock(now func() time.Time) Option {
	return clientOption(func(o *clientOptions) {
		if now == nil {
			o.refuse("WithClock", "want a function, got nil")
		}
		o.now = now
	})
}

// WithLogger sets where the library logs what it does, at debug level, and at warning level what went wrong without
// failing a call; never with a secret. If not set, it does not log.
func WithLogger(l *slog.Logger) Option {
	return clientOption(func(o *clientOptions) {
		if l == nil {
			o.refuse("WithLogger", "want a logger, got nil")
		}
		o.logger = l
	})
}

// WithUsername sets whose session it is: the username, or an alias that the pool lets users sign in with, such
// as an e-mail address.
func WithUsername(name string) SessionOption {
	return sessionOption(func(o *sessionOptions) { o.username = name })
}

// WithTokens starts the session with tokens from an earlier one. They are not verified until
// [Cognito.VerifyTokens] is called. Whose they are is not compared with the session's username, which may be an alias:
// see [Cognito.AccessClaims].
func WithTokens(t Tokens) SessionOption {
	return sessionOption(func(o *sessionOptions) { o.tokens = t })
}

// WithChallenge takes up a sign-in that another session, perhaps in another process, left at ch. The challenge
// also says whose sign-in it is, unless [WithUsername] does.
func WithChallenge(ch Challenge) SessionOption {
	ch = ch.clone()
	return sessionOption(func(o *sessionOptions) { o.challenge = &ch })
}

// WithChallengeHandler sets what answers challenges. If not set, or nil, they are returned as [*ChallengeError].
func WithChallengeHandler(h ChallengeHandler) SessionOption {
	return sessionOption(func(o *sessionOptions) { o.handler = h })
}

// WithTokenStore sets where the session's tokens are kept: they are loaded from it when the session has none and a
// call needs them, saved whenever they change, and deleted at a sign-out, and by [Cognito.Token] when the refresh token
// is dead. A store that other processes share should be a [TokenLocker], as [FileStore] is. If not set, or nil, the
// tokens last as long as the session. A store is for one user: whose tokens it holds is not compared with the session's
// username.
func WithTokenStore(s TokenStore) SessionOption {
	return sessionOption(func(o *sessionOptions) { o.store = s })
}

// WithDevice sets the remembered device that the user signs in with, from [Cognito.Device] or [Cognito.ConfirmDevice]. A
// challenge does not hold it: a session that takes a sign-in up by [WithChallenge] is given the device, too. If not set,
// or the zero Device, there is none.
func WithDevice(d Device) SessionOption {
	return sessionOption(func(o *sessionOptions) { o.device = d })
}

// WithDeviceTracking confirms the new devices that sign-ins bring under name, which may be empty, and has them
// remembered; store [Cognito.Device] after a sign-in. That this fails does not fail the sign-in: it is logged, and
// [Cognito.DeviceError] returns it. If not set, new devices are left to [Cognito.ConfirmDevice].
func WithDeviceTracking(name string) SessionOption {
	return sessionOption(func(o *sessionOptions) { o.trackName = &name })
}

// WithRegistration takes up a sign-up that another session, perhaps in another process, left at r, so that
// [Cognito.ConfirmSignUp] and [Cognito.AuthenticateChoice] confirm the user and sign it in without another code. It also
// says whose session it is, unless [WithUsername] does.
func WithRegistration(r Registration) SessionOption {
	return sessionOption(func(o *sessionOptions) { o.signUp = signUp{r.Username, r.Session, r.Confirmed} })
}

// CallOption changes one call. Each method's documentation says which ones it takes; it refuses the others.
type CallOption interface {
	applyCall(*callOptions)
}

// checkURL takes an absolute http or https URL without the parts that have no place in an endpoint.
func (o *clientOptions) checkURL(option, raw string) string {
	if err := checkURL(option, raw); err != nil {
		o.errs = append(o.errs, err)
	}
	return strings.TrimRight(raw, "/")
}

func checkURL(field, raw string) error {
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fieldError(field, "want an absolute http or https URL without user, query and fragment")
	}
	return nil
}

func checkLeeway(field string, d time.Duration) error {
	if d < 0 || d > 5*time.Minute {
		return fieldError(field, fmt.Sprintf("want 0 to 5 minutes, got %v", d))
	}
	return nil
}
