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

// Option sets up a [Cognito] in [New]. An option that is given again replaces the earlier one; an option
// that adds to the earlier one says so.
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
	closeIdle    func() // set by newServiceClient; nil where the HTTP client cannot
	ownKeys      bool   // an option says where the keys come from

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

// keySource marks an option that says where keys come from: a Verifier with one has a key set of its own.
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

// WithClientSecret sets the app client's secret. If not set, or empty, the app client has none.
func WithClientSecret(secret string) Option {
	return clientOption(func(o *clientOptions) { o.clientSecret = secret })
}

// WithOtherClientSecret sets the app client's second secret, for the time in which one replaces the other.
// [Cognito.MachineTokens] and [ManagedLogin.Exchange] send it where the service rejects the first; other calls do not use
// it. If not set, there is none.
func WithOtherClientSecret(secret string) Option {
	return clientOption(func(o *clientOptions) { o.otherSecret = secret })
}

// WithDomain sets the domain of the pool's authorization server, as [Cognito.ManagedLogin] takes it.
// [Cognito.MachineTokens] then come from its token endpoint. If not set, they come from the service's own operation.
func WithDomain(domain string) Option {
	return clientOption(func(o *clientOptions) {
		if domain == "" {
			o.refuse("WithDomain", "want a domain, got none")
		}
		o.domain = domain
	})
}

// WithRegion sets the AWS region that the service is called in, for a replica of the pool in another region.
// If not set, it is the region that the pool ID begins with. Tokens of that region's issuers are accepted beside
// those of the pool's own region.
func WithRegion(region string) Option {
	return clientOption(func(o *clientOptions) {
		if !isRegion(region) {
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

// WithHTTPClient sets the HTTP client for service calls and for fetching the key set. Redirects are
// rejected whatever its CheckRedirect says, since a redirected call would carry passwords and tokens to
// another address. Nor is a time limit added to the client's own Timeout. If not set, the SDK's own client makes the
// calls and a plain one fetches the keys.
func WithHTTPClient(client *http.Client) SharedOption {
	return keySource(func(o *clientOptions) {
		if client == nil {
			o.refuse("WithHTTPClient", "want a client, got nil")
		}
		o.httpClient = client
	})
}

// WithEndpoint moves the service, the issuer and the key set to one URL, as a local pool has them: the
// issuer is url + "/" + pool ID. [WithIssuers] and [WithJWKSURL] move the latter two elsewhere. The IDs of the
// pool and of its app clients may have some characters more than those at AWS then, such as hyphens. Plain http to a host
// that is not loopback is a warning in the log. If not set, AWS's own endpoint for the region is used, or that of the
// environment; see [New].
func WithEndpoint(url string) SharedOption {
	return keySource(func(o *clientOptions) { o.endpoint = o.checkURL("WithEndpoint", url) })
}

// WithIssuer is [WithIssuers] with one URL.
func WithIssuer(url string) SharedOption {
	return keySource(func(o *clientOptions) { o.issuers = []string{o.checkURL("WithIssuer", url)} })
}

// WithIssuers sets the issuers that tokens may name. The keys are fetched from the issuer that the token
// names, unless [WithJWKSURL] says where they are. If not set, both forms of the pool's issuer at AWS
// are accepted.
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

// WithJWKSURL sets the URL of the pool's key set. If not set, it is the issuer followed by
// "/.well-known/jwks.json".
func WithJWKSURL(url string) SharedOption {
	return keySource(func(o *clientOptions) { o.jwksURL = o.checkURL("WithJWKSURL", url) })
}

// WithJWKS gives the pool's key set as JSON. Nothing is fetched then, and keys that the pool rotates to
// are unknown. If not set, the environment variable COGNITO_JWKS gives the key set, unless [WithJWKSURL]
// says where it is; otherwise it is fetched.
func WithJWKS(keySet []byte) SharedOption {
	keySet = append([]byte{}, keySet...)
	return keySource(func(o *clientOptions) { o.jwks = keySet })
}

// WithLeeway sets how far the clocks of the pool and of this machine may differ when the times in a
// token are checked, from 0 to 5 minutes. The default is one minute.
func WithLeeway(d time.Duration) SharedOption {
	return sharedOption(func(o *clientOptions) {
		if err := checkLeeway("WithLeeway", d); err != nil {
			o.errs = append(o.errs, err)
		}
		o.leeway = d
	})
}

// WithClock sets the clock, mostly for tests; for a constant difference of clocks see [WithLeeway]. The
// default is [time.Now].
func WithClock(now func() time.Time) SharedOption {
	return sharedOption(func(o *clientOptions) {
		if now == nil {
			o.refuse("WithClock", "want a function, got nil")
		}
		o.now = now
	})
}

// WithVerifierHTTPClient is [WithHTTPClient] for a Verifier.
//
// Deprecated: use WithHTTPClient.
func WithVerifierHTTPClient(client *http.Client) VerifierOption { return WithHTTPClient(client) }

// WithVerifierLogger is [WithLogger] for a Verifier.
//
// Deprecated: use WithLogger.
func WithVerifierLogger(l *slog.Logger) VerifierOption { return WithLogger(l) }

// WithKeys is [WithJWKS] for a Verifier.
//
// Deprecated: use WithJWKS.
func WithKeys(keySet []byte) VerifierOption { return WithJWKS(keySet) }

// WithLogger sets the logger. The library logs what it does, such as rejected tokens and key set
// fetches, at debug level, and problems that did not fail a call at warning level, and never a secret.
// If not set, it does not log.
func WithLogger(l *slog.Logger) SharedOption {
	return sharedOption(func(o *clientOptions) {
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

// WithTokens starts the session with tokens from an earlier one. They are verified before [Cognito.Token] returns
// them, or by [Cognito.VerifyTokens]. A session with a name takes tokens of that user only: those that name another
// one are [ErrStoreUser]. Where the session's name is an alias, keep [Tokens.Username] with the tokens.
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
// call needs them, saved before they are used, and deleted at a sign-out, and by [Cognito.Token] when the refresh token
// is dead. Tokens that cannot be saved are used all the same, with a warning in the log, and saved later.
//
// A store keeps one session. Several values and processes may share it: in one process changes of the session then run
// one at a time, and in several if the store is a [TokenLocker], as [FileStore] is. Values whose stores are equal (==)
// share a store. A session with a name rejects tokens of another user with [ErrStoreUser]. A store that is a
// [DeviceStore] also keeps the device that [WithDeviceTracking] or [Cognito.ConfirmDevice] confirms. If not set, or
// nil, the tokens last as long as the session.
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

// WithRefreshMetadata sets what is asked for the ClientMetadata of each refresh that the session makes by itself or by
// [Cognito.RenewAccessToken], so that claims that the pool's Lambda functions derive from it stay in the tokens. If not
// set, or nil, refreshes send what the last sign-in of this session sent.
func WithRefreshMetadata(metadata RefreshMetadata) SessionOption {
	return sessionOption(func(o *sessionOptions) { o.metadata = metadata })
}

// WithRegistration takes up a sign-up that another session, perhaps in another process, left at r, so that
// [Cognito.ConfirmSignUp] and [Cognito.AuthenticateChoice] confirm the user and sign it in without another code. It also
// says whose session it is, unless [WithUsername] does.
func WithRegistration(r Registration) SessionOption {
	return sessionOption(func(o *sessionOptions) { o.signUp = signUp{r.Username, r.Session, r.Confirmed} })
}

// CallOption changes one call. Each method's documentation lists the options that it takes; the method rejects the others
// before anything is sent. All are written alike, as calls: Flow(FlowUserPasswordAuth), ClientMetadata(m), Limit(10). Some of
// them are types, whose literals are options, too. There are:
//
//   - [Flow], for sign-ins and [Cognito.RenewAccessToken];
//   - [ClientMetadata], for what the pool's Lambda functions are told, and [ValidationData], for sign-ups;
//   - [UserContextData] and [AnalyticsMetadata], for users' calls, and [ContextData], for sign-ins by an administrator;
//   - [TargetACR] and [MaxAge], for [Cognito.AuthenticateChoice] and [Cognito.StepUp], and [AuthParameter], for sign-ins;
//   - [AttributeMap], for calls that read or write attributes;
//   - [Limit] and [PageSize], for lists, and [FilterEquals], [FilterPrefix] and [SelectAttributes], for [Cognito.Users];
//   - [Password], for [Cognito.SelectChallenge];
//   - [ForceAliasCreation], for [Cognito.ConfirmSignUp] and [Cognito.AdminCreateUser];
//   - [TemporaryPassword], [MessageAction] and [DeliveryMediums], for [Cognito.AdminCreateUser].
type CallOption interface {
	applyCall(*callOptions)
}

func isRegion(name string) bool { return name != "" && !strings.ContainsAny(name, "/:@ ") }

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

// ClientMetadata is passed on to the pool's Lambda functions. The service does not store it; do not put secrets
// into it. It is an option of sign-ins, answers to challenges, sign-ups, the calls that send codes or set attributes, and
// of [Cognito.RenewAccessToken].
type ClientMetadata map[string]string

// AuthFlow is the name of an authentication flow, and the SDK's type of it.
type AuthFlow = types.AuthFlowType

// The flows that [Flow] chooses from.
const (
	FlowUserSRPAuth           AuthFlow = "USER_SRP_AUTH"
	FlowUserPasswordAuth      AuthFlow = "USER_PASSWORD_AUTH"
	FlowCustomAuth            AuthFlow = "CUSTOM_AUTH"
	FlowUserAuth              AuthFlow = "USER_AUTH"
	FlowAdminUserPasswordAuth AuthFlow = "ADMIN_USER_PASSWORD_AUTH"
	FlowAdminNoSRPAuth        AuthFlow = "ADMIN_NO_SRP_AUTH"
	FlowRefreshTokenAuth      AuthFlow = "REFRESH_TOKEN_AUTH"
)

// Flow chooses the authentication flow of [Cognito.Authenticate], [Cognito.AdminAuthenticate],
// [Cognito.NewPasswordChallenge] or [Cognito.RenewAccessToken], each of which says what it can be.
type Flow AuthFlow

// ValidationData is passed on to the pool's pre-sign-up Lambda function. The service does not store it. It is an option
// of [Cognito.Register] and [Cognito.AdminCreateUser].
type ValidationData map[string]string

// The names of the call options, for the check that a call does not silently ignore one.
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

// callOptions collects the options of one call; given holds their names, and errs what is wrong with them.
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

// callOption is an option that is not a type of its own.
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

// newCallOptions applies opts and refuses those that are not among taken, and those that are wrong.
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

// optional is nil for "", which the service would otherwise validate as a value.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return aws.String(s)
}

// UserContextData tells the pool's threat protection where the user is, in sign-ins, sign-ups and the calls of a forgotten
// password, which need no AWS credentials.
// Without it every user of a server seems to be where the server is; see [UserContextDataFromRequest].
type UserContextData struct {
	// IPAddress is the user's own address, not that of a server in between.
	IPAddress string
	// EncodedData is the fingerprint that AWS's JavaScript or mobile library collected.
	EncodedData string
}

// ContextData tells the pool's threat protection about the user's request, in [Cognito.AdminAuthenticate] and the answers to
// its challenges; see [ContextDataFromRequest].
type ContextData struct {
	// IPAddress is the user's own address, not that of a server in between.
	IPAddress string
	// ServerName and ServerPath are the host and the path that the user's request went to.
	ServerName, ServerPath string
	// HTTPHeaders are the headers of the user's request that tell its browser from others; no header with a secret
	// has a place here.
	HTTPHeaders http.Header
	// EncodedData is the fingerprint that AWS's JavaScript or mobile library collected.
	EncodedData string
}

// browserHeaders are what [ContextDataFromRequest] takes over: those that describe a browser. It is a list of what
// is copied, not of what is left out, so that no header with a credential is copied because its name is new.
var browserHeaders = []string{
	"Accept", "Accept-Encoding", "Accept-Language", "Sec-Ch-Ua", "Sec-Ch-Ua-Mobile", "Sec-Ch-Ua-Platform", "User-Agent",
}

// UserContextDataFromRequest takes the user's address from r: that of the peer that opened the connection.
// X-Forwarded-For and its like are not read, since whoever sends the request writes what they please there. Behind
// a proxy the peer is the proxy: set IPAddress to the address that the proxy vouches for. EncodedData is for the
// caller to fill in, as it comes in a field of the application's own form.
func UserContextDataFromRequest(r *http.Request) UserContextData {
	return UserContextData{IPAddress: peerAddress(r)}
}

// ContextDataFromRequest takes over what r says of its sender: the address of the peer that opened the connection,
// the host and path, and the headers that describe a browser (Accept, Accept-Encoding, Accept-Language, Sec-Ch-Ua
// and its like, User-Agent). Authorization, Cookie and every other header stay behind. As with
// [UserContextDataFromRequest], set IPAddress behind a proxy, and EncodedData where there is some.
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

// peerAddress is the address of the other end of the connection, without its port; "" when it is not known.
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
	headers := []types.HttpHeader{} // required, if only as an empty list
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

// AnalyticsMetadata names the endpoint of Amazon Pinpoint that the user's messages and events are counted for. It goes with
// the calls of sign-ins, sign-ups and forgotten passwords, and has an effect where the app client has Pinpoint set up.
func AnalyticsMetadata(endpointID string) CallOption {
	return callOption(func(o *callOptions) {
		o.given = append(o.given, optAnalyticsMetadata)
		if endpointID == "" {
			o.refuse(optAnalyticsMetadata, "want the ID of a Pinpoint endpoint, got none")
		}
		o.analytics = &types.AnalyticsMetadataType{AnalyticsEndpointId: aws.String(endpointID)}
	})
}
