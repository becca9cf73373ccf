package cognito

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// Option configures a [Cognito] in [New]. If an option is given more than once, the last one wins,
// unless its documentation says that it adds to the earlier ones.
type Option interface {
	applyClient(*clientOptions)
}

// SessionOption configures the session of one user, in [New] or in [Cognito.ForUser].
type SessionOption interface {
	Option
	applySession(*sessionOptions)
}

// clientOptions collects the options of New. New reports all of errs at once.
type clientOptions struct {
	sessionOptions

	clientSecret string
	otherSecret  string
	domain       string
	region       string
	awsConfig    *aws.Config
	credentials  *aws.Credentials
	sdkOptions   []func(*cognitoidentityprovider.Options)
	httpClient   *http.Client
	endpoint     string
	issuers      []string
	jwksURL      string
	jwks         []byte
	leeway       time.Duration
	now          func() time.Time
	logger       *slog.Logger
	closeIdle    func() // set by newServiceClient; nil if the HTTP client does not support it
	ownKeys      bool   // an option sets where the keys come from

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
	metadata  RefreshMetadata
	signUp    signUp
}

type clientOption func(*clientOptions)

func (o clientOption) applyClient(target *clientOptions) { o(target) }

// SharedOption is an option of [New], [NewVerifier] and [Cognito.Verifier].
type SharedOption interface {
	Option
	VerifierOption
}

type sharedOption func(*clientOptions)

func (o sharedOption) applyClient(target *clientOptions)     { o(target) }
func (o sharedOption) applyVerifier(target *verifierOptions) { o(&target.clientOptions) }

// keySource returns an option that sets where keys come from. A Verifier with such an option has a
// key set of its own.
func keySource(set func(*clientOptions)) SharedOption {
	return sharedOption(func(o *clientOptions) {
		o.ownKeys = true
		set(o)
	})
}

type sessionOption func(*sessionOptions)

func (o sessionOption) applyClient(target *clientOptions)   { o(&target.sessionOptions) }
func (o sessionOption) applySession(target *sessionOptions) { o(target) }

func (o *clientOptions) refuse(option, problem string) {
	o.errs = append(o.errs, fieldError(option, problem))
}

// WithClientSecret sets the app client's secret. By default, or if secret is empty, the app client
// has none.
func WithClientSecret(secret string) Option {
	return clientOption(func(o *clientOptions) { o.clientSecret = secret })
}

// WithOtherClientSecret sets the app client's second secret, for the time in which one secret
// replaces the other. [Cognito.MachineTokens] and [ManagedLogin.Exchange] send it if the service
// rejects the first secret. Other calls do not use it. By default there is none.
func WithOtherClientSecret(secret string) Option {
	return clientOption(func(o *clientOptions) { o.otherSecret = secret })
}

// WithDomain sets the domain of the pool's authorization server. domain has the forms that
// [Cognito.ManagedLogin] accepts. [Cognito.MachineTokens] then calls the domain's token endpoint.
// By default it calls the service's operation GetClientToken.
func WithDomain(domain string) Option {
	return clientOption(func(o *clientOptions) {
		if domain == "" {
			o.refuse("WithDomain", "want a domain, got none")
		}
		o.domain = domain
	})
}

// WithRegion sets the AWS region that the service is called in, for a replica of the pool in
// another region. Tokens of that region's issuers are accepted in addition to those of the pool's
// own region. The default is the region at the start of the pool ID.
func WithRegion(region string) Option {
	return clientOption(func(o *clientOptions) {
		if !isRegion(region) {
			o.refuse("WithRegion", "want the name of an AWS region such as eu-west-1")
		}
		o.region = region
	})
}

// WithAWSConfig sets the AWS configuration that the service client is made from: credentials, HTTP
// client, retries and endpoints. Its region is not used. If its HTTP client is an [http.Client] or
// of the SDK's own kind, a copy also fetches the key set and calls the authorization server. By
// default, unsigned calls need no AWS configuration, and the first call that must be signed loads
// the default one.
func WithAWSConfig(cfg aws.Config) Option {
	return clientOption(func(o *clientOptions) { o.awsConfig = &cfg })
}

// WithStaticCredentials sets the AWS credentials for signed calls. sessionToken may be empty. By
// default, the credentials come from [WithAWSConfig], or else from the default AWS configuration.
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

// WithClientOptions changes the options of the SDK's client after the other options have been
// applied. Further WithClientOptions add to the earlier ones. Do not turn on the SDK's logging of
// bodies outside of tests: the bodies contain passwords and tokens.
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

// WithHTTPClient sets the HTTP client for calls of the service and the authorization server, and
// for fetching the key set. Redirects are rejected, whatever its CheckRedirect does, because a
// redirected call would send passwords and tokens to another address. For calls of the service no
// time limit is added to the client's own Timeout. By default, the SDK's own client calls the
// service, and a plain client does the rest.
func WithHTTPClient(client *http.Client) SharedOption {
	return keySource(func(o *clientOptions) {
		if client == nil {
			o.refuse("WithHTTPClient", "want a client, got nil")
		}
		o.httpClient = client
	})
}

// WithEndpoint sets one URL for the service, the issuer and the key set, as local pools have it.
// The issuer is then url + "/" + pool ID. [WithIssuers] and [WithJWKSURL] set the latter two to
// other URLs. With WithEndpoint, the IDs of the pool and its app clients may contain some
// characters that AWS does not use, such as hyphens. Plain HTTP to a host that is not a loopback
// address is logged as a warning. The default is AWS's endpoint for the region, or that of the
// environment; see [New].
func WithEndpoint(url string) SharedOption {
	return keySource(func(o *clientOptions) { o.endpoint = o.checkURL("WithEndpoint", url) })
}

// WithIssuer is [WithIssuers] with one URL.
func WithIssuer(url string) SharedOption {
	return keySource(func(o *clientOptions) { o.issuers = []string{o.checkURL("WithIssuer", url)} })
}

// WithIssuers sets the issuers that tokens may name. The keys are fetched from the issuer that the
// token names, unless [WithJWKSURL] sets their URL. By default, both forms of the pool's issuer at
// AWS are accepted.
func WithIssuers(urls ...string) SharedOption {
	urls = slices.Clone(urls)
	return keySource(func(o *clientOptions) {
		if len(urls) == 0 {
			o.refuse("WithIssuers", "want at least one issuer")
		}
		o.issuers = nil
		for _, url := range urls {
			o.issuers = append(o.issuers, o.checkURL("WithIssuers", url))
		}
	})
}

// WithJWKSURL sets the URL of the pool's key set. The default is the issuer followed by
// "/.well-known/jwks.json".
func WithJWKSURL(url string) SharedOption {
	return keySource(func(o *clientOptions) { o.jwksURL = o.checkURL("WithJWKSURL", url) })
}

// WithJWKS sets the pool's key set as JSON. Nothing is fetched then, and keys that the pool rotates
// to later are unknown. By default, the environment variable COGNITO_JWKS sets the key set, unless
// [WithJWKSURL] is given. If the variable is not set either, the key set is fetched.
func WithJWKS(keySet []byte) SharedOption {
	keySet = append([]byte{}, keySet...)
	return keySource(func(o *clientOptions) { o.jwks = keySet })
}

// WithLeeway sets how far the clocks of the pool and of this machine may differ when the times in a
// token are checked. d is 0 to 5 minutes. The default is 1 minute.
func WithLeeway(d time.Duration) SharedOption {
	return sharedOption(func(o *clientOptions) {
		if err := checkLeeway("WithLeeway", d); err != nil {
			o.errs = append(o.errs, err)
		}
		o.leeway = d
	})
}

// WithClock sets the clock, mostly for tests. now may be called from several goroutines. For a
// constant difference between clocks, use [WithLeeway]. The default is [time.Now].
func WithClock(now func() time.Time) SharedOption {
	return sharedOption(func(o *clientOptions) {
		if now == nil {
			o.refuse("WithClock", "want a function, got nil")
		}
		o.now = now
	})
}

// WithVerifierClock is [WithClock] for a Verifier.
//
// Deprecated: use WithClock.
func WithVerifierClock(now func() time.Time) VerifierOption { return WithClock(now) }

// WithVerifierLeeway is [WithLeeway] for a Verifier.
//
// Deprecated: use WithLeeway.
func WithVerifierLeeway(d time.Duration) VerifierOption { return WithLeeway(d) }

// WithVerifierHTTPClient is [WithHTTPClient] for a Verifier.
//
// Deprecated: use WithHTTPClient.
func WithVerifierHTTPClient(client *http.Client) VerifierOption { return WithHTTPClient(client) }

// WithKeys is [WithJWKS] for a Verifier.
//
// Deprecated: use WithJWKS.
func WithKeys(keySet []byte) VerifierOption { return WithJWKS(keySet) }

// WithLogger sets the logger. At debug level, the library logs what it does, such as rejected
// tokens and key set fetches. At warning level, it logs problems that did not fail a call. It never
// logs a secret. By default nothing is logged.
func WithLogger(l *slog.Logger) SharedOption {
	return sharedOption(func(o *clientOptions) {
		if l == nil {
			o.refuse("WithLogger", "want a logger, got nil")
		}
		o.logger = l
	})
}

// WithUsername sets the user of the session: the username, or an alias that the pool accepts for a
// sign-in, such as an e-mail address.
func WithUsername(name string) SessionOption {
	return sessionOption(func(o *sessionOptions) { o.username = name })
}

// WithTokens starts the session with tokens from an earlier one. [Cognito.Token] verifies them
// before it returns them, and [Cognito.VerifyTokens] verifies them at once. If the session has a
// username, tokens of another user are rejected with [ErrStoreUser]. If that username is an alias,
// keep [Tokens.Username] with the tokens.
func WithTokens(t Tokens) SessionOption {
	return sessionOption(func(o *sessionOptions) { o.tokens = t })
}

// WithChallenge continues a sign-in that another session, perhaps in another process, left at ch.
// The challenge also sets the user of the session, unless [WithUsername] does.
func WithChallenge(ch Challenge) SessionOption {
	ch = ch.clone()
	return sessionOption(func(o *sessionOptions) { o.challenge = &ch })
}

// WithChallengeHandler sets the handler that answers challenges. By default, or if h is nil,
// challenges are returned as [*ChallengeError].
func WithChallengeHandler(h ChallengeHandler) SessionOption {
	return sessionOption(func(o *sessionOptions) { o.handler = h })
}

// WithTokenStore sets the store of the session's tokens. A call that needs tokens loads them from
// it if the session has none. Tokens are saved before they are used, and deleted at a sign-out.
// [Cognito.Token] also deletes them when the refresh token is no longer valid. Tokens that cannot
// be saved are used anyway and saved with the next change. The only sign of it is a warning in the
// log, so a program that ends soon should set [WithLogger].
//
// A store keeps one session. Several values and processes may share it. Changes of the session then
// run one at a time: in a process always, and in all processes if the store is a [TokenLocker], as
// [FileStore] is. Values whose stores are equal (==) share a store. A session with a username
// rejects tokens of another user with [ErrStoreUser]. A store that is a [DeviceStore] also keeps
// the device that [WithDeviceTracking] or [Cognito.ConfirmDevice] confirms. By default, or if s is
// nil, the tokens last as long as the session.
func WithTokenStore(s TokenStore) SessionOption {
	return sessionOption(func(o *sessionOptions) { o.store = s })
}

// WithDevice sets the remembered device that the user signs in with, from [Cognito.Device] or
// [Cognito.ConfirmDevice]. A challenge does not contain the device: a session that continues a
// sign-in with [WithChallenge] needs WithDevice as well. By default, or if d is the zero Device,
// there is none.
func WithDevice(d Device) SessionOption {
	return sessionOption(func(o *sessionOptions) { o.device = d })
}

// WithDeviceTracking confirms new devices of sign-ins under name, which may be empty, and sets them
// to remembered. If the session's [TokenStore] is a [DeviceStore], as [FileStore] is, it keeps the
// device. Otherwise store [Cognito.Device] after a sign-in. A failure does not fail the sign-in: it
// is logged, and [Cognito.DeviceError] returns it. By default new devices are not confirmed; see
// [Cognito.ConfirmDevice].
func WithDeviceTracking(name string) SessionOption {
	return sessionOption(func(o *sessionOptions) { o.trackName = &name })
}

// WithRefreshMetadata sets the function that provides the ClientMetadata of each refresh, automatic
// or with [Cognito.RenewAccessToken]. Claims that the pool's Lambda functions derive from it then
// stay in the tokens. By default, or if metadata is nil, a refresh sends what the last sign-in of
// this session sent.
func WithRefreshMetadata(metadata RefreshMetadata) SessionOption {
	return sessionOption(func(o *sessionOptions) { o.metadata = metadata })
}

// WithRegistration continues a sign-up that another session, perhaps in another process, left at r.
// [Cognito.ConfirmSignUp] and [Cognito.AuthenticateChoice] then confirm the user and sign the user
// in without another code. r also sets the user of the session, unless [WithUsername] does.
func WithRegistration(r Registration) SessionOption {
	return sessionOption(func(o *sessionOptions) { o.signUp = signUp{r.Username, r.Session, r.Confirmed} })
}

// CallOption configures one call. Each method's documentation lists the options that it takes. The
// method rejects the others before a request is made. All options can be written as calls:
// Flow(FlowUserPasswordAuth), ClientMetadata(m), Limit(10). Some are types; their literals are
// options, too. The options are:
//
//   - [Flow], for sign-ins and [Cognito.RenewAccessToken];
//   - [ClientMetadata], for the pool's Lambda functions, and [ValidationData], for sign-ups;
//   - [UserContextData] and [AnalyticsMetadata], for users' calls;
//   - [ContextData], for sign-ins with AWS credentials;
//   - [TargetACR] and [MaxAge], for [Cognito.AuthenticateChoice] and [Cognito.StepUp];
//   - [AuthParameter], for sign-ins;
//   - [AttributeMap], for calls that read or write attributes;
//   - [Limit] and [PageSize], for lists;
//   - [FilterEquals], [FilterPrefix] and [SelectAttributes], for [Cognito.Users];
//   - [Password], for [Cognito.SelectChallenge];
//   - [ForceAliasCreation], for [Cognito.ConfirmSignUp] and [Cognito.AdminCreateUser];
//   - [TemporaryPassword], [MessageAction] and [DeliveryMediums], for [Cognito.AdminCreateUser].
type CallOption interface {
	applyCall(*callOptions)
}

func isRegion(name string) bool { return name != "" && !strings.ContainsAny(name, "/:@ ") }

// checkURL records an error for a URL that checkURL rejects. It returns the URL without trailing
// slashes.
func (o *clientOptions) checkURL(option, raw string) string {
	if err := checkURL(option, raw); err != nil {
		o.errs = append(o.errs, err)
	}
	return strings.TrimRight(raw, "/")
}

// checkURL requires an absolute http or https URL without the parts that an endpoint cannot have.
// The error names field.
func checkURL(field, raw string) error {
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") ||
		u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fieldError(field, "want an absolute http or https URL without user info, query and fragment")
	}
	return nil
}

func checkLeeway(field string, d time.Duration) error {
	if d < 0 || d > 5*time.Minute {
		return fieldError(field, fmt.Sprintf("want 0 to 5 minutes, got %v", d))
	}
	return nil
}

// ClientMetadata is passed on to the pool's Lambda functions. The service does not store it. Do not
// put secrets into it. It is an option of sign-ins, answers to challenges, sign-ups, the calls that
// send codes or set attributes, and of [Cognito.RenewAccessToken].
type ClientMetadata map[string]string

// AuthFlow is the name of an authentication flow. It is the SDK's type.
type AuthFlow = types.AuthFlowType

// These are the flows for [Flow].
const (
	FlowUserSRPAuth           AuthFlow = "USER_SRP_AUTH"
	FlowUserPasswordAuth      AuthFlow = "USER_PASSWORD_AUTH"
	FlowCustomAuth            AuthFlow = "CUSTOM_AUTH"
	FlowUserAuth              AuthFlow = "USER_AUTH"
	FlowAdminUserPasswordAuth AuthFlow = "ADMIN_USER_PASSWORD_AUTH"
	FlowAdminNoSRPAuth        AuthFlow = "ADMIN_NO_SRP_AUTH"
	FlowRefreshTokenAuth      AuthFlow = "REFRESH_TOKEN_AUTH"
)

// Flow selects the authentication flow of [Cognito.Authenticate], [Cognito.AdminAuthenticate],
// [Cognito.NewPasswordChallenge] or [Cognito.RenewAccessToken]. Each method's documentation lists
// the flows that it supports.
type Flow AuthFlow

// ValidationData is passed on to the pool's pre-sign-up Lambda function. The service does not store
// it. It is an option of [Cognito.Register] and [Cognito.AdminCreateUser].
type ValidationData map[string]string

// These are the names of the call options. A call rejects options that it does not take by name.
const (
	optFlow              = "Flow"
	optClientMetadata    = "ClientMetadata"
	optUserContextData   = "UserContextData"
	optContextData       = "ContextData"
	optAnalyticsMetadata = "AnalyticsMetadata"
	optValidationData    = "ValidationData"
	optAttributeMap      = "AttributeMap"
	optLimit             = "Limit"
	optPageSize          = "PageSize"
	optFilter            = "Filter"
	optSelectAttributes  = "SelectAttributes"
	optTemporaryPassword = "TemporaryPassword"
	optMessageAction     = "MessageAction"
	optDeliveryMediums   = "DeliveryMediums"
	optForceAlias        = "ForceAliasCreation"
)

// callOptions collects the options of one call. given holds their names, and errs the errors of
// their arguments.
type callOptions struct {
	flow           AuthFlow
	metadata       map[string]string
	userContext    *types.UserContextDataType
	context        *types.ContextDataType
	validationData []types.AttributeType
	password       string
	attributes     attributeNames
	list           listOptions
	create         createOptions
	forceAlias     bool
	auth           authParams
	analytics      *types.AnalyticsMetadataType

	given []string
	errs  []error
}

// callOption is an option without a type of its own.
type callOption func(*callOptions)

func (o callOption) applyCall(target *callOptions) { o(target) }

func (o *callOptions) refuse(option, problem string) {
	o.errs = append(o.errs, fieldError("option "+option, problem))
}

func (f Flow) applyCall(o *callOptions) {
	o.flow = AuthFlow(f)
	o.given = append(o.given, optFlow)
}

func (m ClientMetadata) applyCall(o *callOptions) {
	o.metadata = maps.Clone(map[string]string(m))
	o.given = append(o.given, optClientMetadata)
}

func (d ValidationData) applyCall(o *callOptions) {
	o.validationData = Attributes(d).list()
	o.given = append(o.given, optValidationData)
}

// newCallOptions applies opts. It rejects options that are not in taken and options with invalid
// arguments.
func newCallOptions(opts []CallOption, taken ...string) (callOptions, error) {
	var o callOptions
	for _, opt := range opts {
		if opt != nil {
			opt.applyCall(&o)
		}
	}
	for _, name := range o.given {
		if !slices.Contains(taken, name) {
			return callOptions{}, fieldError("option "+name, fmt.Sprintf("this call takes only %v", taken))
		}
	}
	if len(o.errs) > 0 {
		return callOptions{}, errors.Join(o.errs...)
	}
	return o, nil
}

// optional returns nil for "". The service would validate an empty string as a value.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return aws.String(s)
}

// UserContextData describes the user's device to the pool's threat protection. It is an option of
// the calls that need no AWS credentials: sign-ins, sign-ups and calls for a forgotten password.
// Without it, every user of a server seems to be where the server is. See
// [UserContextDataFromRequest].
type UserContextData struct {
	// IPAddress is the user's own address, not that of a proxy.
	IPAddress string
	// EncodedData is the device fingerprint that AWS's JavaScript or mobile library collected.
	EncodedData string
}

// ContextData describes the user's request to the pool's threat protection. It is an option of
// [Cognito.AdminAuthenticate] and of the answers to its challenges. See [ContextDataFromRequest].
type ContextData struct {
	// IPAddress is the user's own address, not that of a proxy.
	IPAddress string
	// ServerName and ServerPath are the host and the path of the user's request.
	ServerName, ServerPath string
	// HTTPHeaders are headers of the user's request that identify the browser. Do not include
	// headers with secrets.
	HTTPHeaders http.Header
	// EncodedData is the device fingerprint that AWS's JavaScript or mobile library collected.
	EncodedData string
}

// browserHeaders are the headers that [ContextDataFromRequest] copies: those that describe a
// browser. An allowlist ensures that no header with a credential is copied because its name is new.
var browserHeaders = []string{
	"Accept", "Accept-Encoding", "Accept-Language", "Sec-Ch-Ua", "Sec-Ch-Ua-Mobile", "Sec-Ch-Ua-Platform", "User-Agent",
}

// UserContextDataFromRequest returns the address of the peer that opened r's connection. It does
// not read X-Forwarded-For and similar headers, because the sender of a request can set them to
// anything. Behind a proxy the peer is the proxy: set IPAddress to the address that the proxy
// reports. EncodedData is left empty: set it to what the application's own form submits.
func UserContextDataFromRequest(r *http.Request) UserContextData {
	return UserContextData{IPAddress: peerAddress(r)}
}

// ContextDataFromRequest returns what r tells about its sender: the address of the peer that opened
// the connection, the host and path, and the headers that describe a browser (Accept,
// Accept-Encoding, Accept-Language, Sec-Ch-Ua, Sec-Ch-Ua-Mobile, Sec-Ch-Ua-Platform and
// User-Agent). It copies no other header, in particular not Authorization or Cookie. As with
// [UserContextDataFromRequest], set IPAddress behind a proxy, and EncodedData if you have it.
func ContextDataFromRequest(r *http.Request) ContextData {
	d := ContextData{IPAddress: peerAddress(r), ServerName: r.Host, ServerPath: "/", HTTPHeaders: http.Header{}}
	if host, _, err := net.SplitHostPort(r.Host); err == nil {
		d.ServerName = host
	}
	if r.URL != nil && r.URL.Path != "" {
		d.ServerPath = r.URL.Path
	}
	for _, name := range browserHeaders {
		if values := r.Header.Values(name); len(values) > 0 {
			d.HTTPHeaders[name] = slices.Clone(values)
		}
	}
	return d
}

// peerAddress returns the address of the other end of the connection without the port, or "" if it
// is not known.
func peerAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	address, _, _ := strings.Cut(host, "%") // the zone names an interface of this machine
	return address
}

func (d UserContextData) applyCall(o *callOptions) {
	o.userContext = &types.UserContextDataType{IpAddress: optional(d.IPAddress), EncodedData: optional(d.EncodedData)}
	o.given = append(o.given, optUserContextData)
}

func (d ContextData) applyCall(o *callOptions) {
	o.given = append(o.given, optContextData)
	if d.IPAddress == "" || d.ServerName == "" || d.ServerPath == "" {
		o.refuse(optContextData, "want IPAddress, ServerName and ServerPath, which the service requires")
		return
	}
	headers := []types.HttpHeader{} // the service requires a list, even an empty one
	for _, name := range slices.Sorted(maps.Keys(d.HTTPHeaders)) {
		headers = append(headers, types.HttpHeader{
			HeaderName: aws.String(name), HeaderValue: aws.String(strings.Join(d.HTTPHeaders[name], ", ")),
		})
	}
	o.context = &types.ContextDataType{
		IpAddress: aws.String(d.IPAddress), ServerName: aws.String(d.ServerName), ServerPath: aws.String(d.ServerPath),
		HttpHeaders: headers, EncodedData: optional(d.EncodedData),
	}
}

// AnalyticsMetadata sets the Amazon Pinpoint endpoint that the user's messages and events are
// counted for. It is an option of sign-ins, sign-ups and calls for a forgotten password. It has an
// effect only if Pinpoint is set up for the app client. endpointID must not be empty.
func AnalyticsMetadata(endpointID string) CallOption {
	return callOption(func(o *callOptions) {
		o.given = append(o.given, optAnalyticsMetadata)
		if endpointID == "" {
			o.refuse(optAnalyticsMetadata, "want the ID of a Pinpoint endpoint, got none")
		}
		o.analytics = &types.AnalyticsMetadataType{AnalyticsEndpointId: aws.String(endpointID)}
	})
}
