package cognito

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"

	"github.com/gocognito/cognito/internal/flight"
	"github.com/gocognito/cognito/internal/sdkhttp"
)

// requestTimeout bounds an attempt of a call if neither the caller's context nor the caller's HTTP
// client does.
const requestTimeout = 30 * time.Second

// responseLimit bounds a response of the service before it is decoded. It limits the number of
// values, too, because a few bytes of JSON can become hundreds in memory.
type responseLimit struct {
	bytes  int64
	values int
}

var (
	// The largest legitimate page has 60 users with 50 attributes of 2,048 characters: 24 MB and
	// 10,000 values.
	pageLimit = responseLimit{24 << 20, 30_000}
	// The largest other legitimate response has one user's attributes, as JSON within JSON.
	plainLimit = responseLimit{4 << 20, 10_000}
)

func limitOf(req *http.Request) responseLimit {
	if strings.Contains(req.Header.Get("X-Amz-Target"), ".List") {
		return pageLimit
	}
	return plainLimit
}

// newServiceClient makes the SDK's client. It does no I/O. Without WithAWSConfig and WithEndpoint
// the environment sets the endpoint; the rest of the AWS configuration is loaded only when a call
// must be signed.
func newServiceClient(o *clientOptions, region string, clock *serviceClock) (*cognitoidentityprovider.Client, error) {
	adjust := func(sdk *cognitoidentityprovider.Options) {
		sdk.Region = region
		if o.endpoint != "" {
			sdk.BaseEndpoint = aws.String(o.endpoint)
		}
		if o.httpClient != nil {
			sdk.HTTPClient = o.httpClient
		}
		switch {
		case o.credentials != nil:
			sdk.Credentials = credentials.StaticCredentialsProvider{Value: *o.credentials}
		case o.awsConfig == nil:
			sdk.Credentials = aws.NewCredentialsCache(&defaultCredentials{region: region})
		}
		for _, fn := range o.sdkOptions {
			fn(sdk)
		}
		// Without credentials the SDK would send operations that must be signed unsigned.
		if sdk.Credentials == nil || aws.IsCredentialsProvider(sdk.Credentials, aws.AnonymousCredentials{}) {
			sdk.Credentials = noCredentials{}
		}
		plain := withoutRedirects(sdk.HTTPClient)
		if idle, ok := plain.(interface{ CloseIdleConnections() }); ok {
			o.closeIdle = idle.CloseIdleConnections
		}
		sdk.HTTPClient = boundedClient{base: clockedClient{withTimeout(sdk.HTTPClient, plain), clock}}
		sdk.Retryer = withoutQuotaRetries{sdk.Retryer}
		sdk.APIOptions = append(slices.Clip(sdk.APIOptions), withoutEchoes)
		warnOfPlainHTTP(o.logger, "the service, with passwords and tokens", aws.ToString(sdk.BaseEndpoint))
	}
	switch {
	case o.awsConfig != nil:
		return cognitoidentityprovider.NewFromConfig(*o.awsConfig, adjust), nil
	case o.endpoint != "":
		return cognitoidentityprovider.New(cognitoidentityprovider.Options{}, adjust), nil
	}
	env, err := config.NewEnvConfig()
	if err != nil {
		return nil, fieldError("environment", err.Error())
	}
	fromEnv := aws.Config{ConfigSources: []any{env}} // the client takes the endpoint settings from it
	if !aws.ToBool(env.IgnoreConfiguredEndpoints) {
		if err := checkEnvironment(); err != nil {
			return nil, err
		}
		if env.BaseEndpoint != "" {
			fromEnv.BaseEndpoint = aws.String(env.BaseEndpoint)
		}
	}
	return cognitoidentityprovider.NewFromConfig(fromEnv, adjust), nil
}

// checkEnvironment rejects an endpoint in the environment that no request can be sent to, such as
// one without a scheme. It checks only the variable that takes effect.
func checkEnvironment() error {
	for _, name := range []string{"AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", "AWS_ENDPOINT_URL"} {
		if value := os.Getenv(name); value != "" {
			return checkURL("environment variable "+name, value)
		}
	}
	return nil
}

// warnOfPlainHTTP logs a warning for each address to which data would be sent unencrypted. purpose
// names the data.
func warnOfPlainHTTP(log *slog.Logger, purpose string, addresses ...string) {
	for _, address := range addresses {
		u, err := url.Parse(address)
		if err == nil && u.Scheme == "http" && !isLoopback(u.Hostname()) {
			log.Warn("cognito: plain http to a host that is not loopback",
				slog.String("for", purpose), slog.String("host", u.Host))
		}
	}
}

// noCredentials is the credentials provider of a client that has no credentials.
type noCredentials struct{}

// Retrieve returns [ErrNoCredentials].
func (noCredentials) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{}, ErrNoCredentials
}

// defaultCredentials is the default AWS credential chain. It is loaded when the first call must be
// signed.
type defaultCredentials struct{ region string }

// Retrieve loads the default AWS configuration and returns its credentials.
func (d *defaultCredentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(d.region), config.WithLogger(logging.Nop{}))
	if err == nil && cfg.Credentials == nil {
		err = errors.New("the default AWS configuration has no credentials")
	}
	var found aws.Credentials
	if err == nil {
		found, err = cfg.Credentials.Retrieve(ctx)
	}
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w: %w", ErrNoCredentials, err)
	}
	return found, err
}

// withoutRedirects returns client without redirects. The service never sends one, and following it
// would carry passwords and tokens to an address that the caller did not name.
func withoutRedirects(client cognitoidentityprovider.HTTPClient) cognitoidentityprovider.HTTPClient {
	plain := plainClient(client)
	if plain == nil {
		return client // a client of another type decides itself
	}
	plain.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return plain
}

// plainClient returns a copy of client as an http.Client, or nil if client has another type.
func plainClient(client aws.HTTPClient) *http.Client {
	switch client := client.(type) {
	case *http.Client:
		if client == nil {
			return nil
		}
		plain := *client
		return &plain
	case *awshttp.BuildableClient:
		return &http.Client{Transport: client.GetTransport(), Timeout: client.GetTimeout()}
	default:
		return nil
	}
}

// withTimeout returns plain with a limit of requestTimeout on each attempt for which the caller has
// set no deadline. client is the client that was configured, and plain its copy without redirects.
// Only the SDK's own client without a timeout gets the limit; others are returned unchanged.
func withTimeout(client, plain cognitoidentityprovider.HTTPClient) cognitoidentityprovider.HTTPClient {
	ofSDK, ok := client.(*awshttp.BuildableClient)
	if !ok || ofSDK.GetTimeout() > 0 {
		return plain
	}
	timed := plainClient(plain)
	timed.Timeout = requestTimeout
	return timedClient{plain, timed}
}

type timedClient struct {
	untimed, timed cognitoidentityprovider.HTTPClient
}

// Do sends req with a time limit, unless the caller has set a deadline.
func (c timedClient) Do(req *http.Request) (*http.Response, error) {
	if _, ok := req.Context().Deadline(); ok && req.Context().Value(ownLimit{}) == nil {
		return c.untimed.Do(req)
	}
	return c.timed.Do(req)
}

// ownLimit is the key of contexts whose deadline was not set by the caller.
type ownLimit struct{}

// withLimit is context.WithTimeout for this package's own limits on a series of requests. Each
// request still has its own limit.
func withLimit(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); !ok {
		ctx = context.WithValue(ctx, ownLimit{}, true)
	}
	return context.WithTimeout(ctx, limit)
}

// boundedClient limits the size of responses.
type boundedClient struct {
	base cognitoidentityprovider.HTTPClient
}

// Do sends req and limits the body of the response.
func (b boundedClient) Do(req *http.Request) (*http.Response, error) {
	resp, err := b.base.Do(req)
	if resp != nil && resp.Body != nil {
		resp.Body = &boundedBody{ReadCloser: resp.Body, limit: limitOf(req)}
	}
	return resp, err
}

type boundedBody struct {
	io.ReadCloser

	limit  responseLimit
	bytes  int64
	values valueCounter
}

// Read reads from the body. It fails once the body exceeds the limit.
func (b *boundedBody) Read(p []byte) (int, error) {
	if err := b.excess(); err != nil {
		return 0, err
	}
	// Reading one byte more than allowed distinguishes a response that ends at the limit from a
	// longer one.
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.limit.bytes-b.bytes+1)])
	b.bytes += int64(n)
	b.values.count(p[:n])
	if excess := b.excess(); excess != nil {
		return 0, excess
	}
	return n, err
}

func (b *boundedBody) excess() error {
	switch {
	case b.bytes > b.limit.bytes:
		return fmt.Errorf("response is longer than %d bytes", b.limit.bytes)
	case b.values.found > b.limit.values:
		return fmt.Errorf("response has more than %d values", b.limit.values)
	default:
		return nil
	}
}

// valueCounter counts the values in JSON that arrives in pieces. Each value starts an object or a
// list, or follows a comma. For other data the count is meaningless, but finite.
type valueCounter struct {
	found            int
	inText, escaping bool
}

func (v *valueCounter) count(json []byte) {
	for _, c := range json {
		switch {
		case v.escaping:
			v.escaping = false
		case c == '"':
			v.inText = !v.inText
		case v.inText:
			v.escaping = c == '\\'
		case c == '{', c == '[', c == ',':
			v.found++
		}
	}
}

// withoutQuotaRetries does not retry a call that used up a quota (LimitExceededException). The
// SDK's retryer would, at the cost of two more attempts of the quota.
type withoutQuotaRetries struct{ aws.Retryer }

// IsErrorRetryable reports whether the SDK's retryer retries after err. It is false for quotas.
func (r withoutQuotaRetries) IsErrorRetryable(err error) bool {
	return !hasCode(err, "LimitExceededException") && r.Retryer.IsErrorRetryable(err)
}

// GetAttemptToken returns the wrapped retryer's token.
func (r withoutQuotaRetries) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	return attemptToken(ctx, r.Retryer)
}

// attemptToken returns the retryer's token for an attempt, as the SDK does. A wrapper hides whether
// the retryer is an aws.RetryerV2.
func attemptToken(ctx context.Context, r aws.Retryer) (func(error) error, error) {
	if v2, ok := r.(aws.RetryerV2); ok {
		return v2.GetAttemptToken(ctx)
	}
	return r.GetInitialToken(), nil
}

// sendOnce keeps a call from being retried if its outcome is unknown. It is for calls that carry a
// one-time secret or create something. A throttled call, which the service has certainly not
// executed, is retried.
func sendOnce(o *cognitoidentityprovider.Options) { o.Retryer = onlyThrottled{o.Retryer} }

// onceIfAddressed is sendOnce if list contains an address, to which the service sends a code.
func onceIfAddressed(list []types.AttributeType) func(*cognitoidentityprovider.Options) {
	addressed := slices.ContainsFunc(list, func(a types.AttributeType) bool {
		return aws.ToString(a.Name) == "email" || aws.ToString(a.Name) == "phone_number"
	})
	if addressed {
		return sendOnce
	}
	return func(*cognitoidentityprovider.Options) {}
}

type onlyThrottled struct{ aws.Retryer }

// IsErrorRetryable reports whether err says that the call was throttled.
func (r onlyThrottled) IsErrorRetryable(err error) bool {
	return hasCode(err, "TooManyRequestsException", "ThrottlingException") && r.Retryer.IsErrorRetryable(err)
}

// GetAttemptToken returns the wrapped retryer's token.
func (r onlyThrottled) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	return attemptToken(ctx, r.Retryer)
}

func hasCode(err error, codes ...string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && slices.Contains(codes, api.ErrorCode())
}

// serviceClock estimates the service's clock: the local clock, corrected with the dates of the
// service's responses. Use it for times that the service compares with its own clock, and for the
// expiry of its tokens.
type serviceClock struct {
	local   func() time.Time
	learned atomic.Pointer[clockOffset] // nil: the local clock seems right
}

// clockOffset is the offset of the service's clock from the local one, measured at a time of the
// local clock.
type clockOffset struct {
	offset time.Duration
	at     time.Time
}

func (k *serviceClock) now() time.Time {
	now := k.local()
	learned := k.learned.Load()
	if learned == nil || learned.isVoid(now) {
		return now
	}
	return now.Add(learned.offset)
}

// isVoid reports whether the local clock was corrected since the offset was measured, as happens
// soon after the start of a machine without a battery-backed clock: the wall clock advanced by the
// offset more than the monotonic clock. Times without a monotonic reading, as of an injected clock,
// show no such jump.
func (o *clockOffset) isVoid(now time.Time) bool {
	jump := now.Round(0).Sub(o.at.Round(0)) - now.Sub(o.at)
	return (jump - o.offset).Abs() <= 2*smallOffset
}

// smallOffset is an offset too small to correct: the dates of responses are in whole seconds.
const smallOffset = 2 * time.Second

// observe measures the offset with the response to a request that was sent at sent. It ignores
// responses that are not the service's own, such as a proxy's.
func (k *serviceClock) observe(resp *http.Response, sent time.Time) {
	if resp.Header.Get("X-Amzn-Requestid") == "" {
		return
	}
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return
	}
	received := k.local()
	halfTrip := received.Sub(sent) / 2
	offset := date.Add(time.Second / 2).Sub(received.Add(-halfTrip))
	if offset.Abs() <= smallOffset+halfTrip.Abs() {
		k.learned.Store(nil)
		return
	}
	k.learned.Store(&clockOffset{offset, received})
}

// clockedClient updates the clock from the service's responses.
type clockedClient struct {
	base  cognitoidentityprovider.HTTPClient
	clock *serviceClock
}

// Do sends req and updates the clock. It returns soon after req's context is done, whatever base
// does.
func (c clockedClient) Do(req *http.Request) (*http.Response, error) {
	sent := c.clock.local()
	req, err := sdkhttp.WithOwnBody(req)
	if err != nil {
		return nil, err
	}
	resp, err := sendWithin(req, c.base.Do)
	if err == nil && resp != nil {
		c.clock.observe(resp, sent)
	}
	return resp, err
}

// abandonTime is how long a request may take to return after its context is done.
const abandonTime = time.Second

// sendWithin calls send, and abandons it if it ignores the context: a RoundTripper must not block
// the changes of a session. It first waits a moment, because the response may be there already.
func sendWithin(req *http.Request, send func(*http.Request) (*http.Response, error)) (*http.Response, error) {
	late, abandon := context.WithCancel(context.WithoutCancel(req.Context()))
	defer abandon()
	defer context.AfterFunc(req.Context(), func() {
		timer := time.AfterFunc(abandonTime, abandon)
		context.AfterFunc(late, func() { timer.Stop() })
	})()
	resp, err := flight.Run(late, func() (*http.Response, error) {
		resp, err := send(req)
		if err == nil && resp != nil && late.Err() != nil {
			_ = resp.Body.Close() // abandoned: nobody reads it
			return nil, late.Err()
		}
		return resp, err
	})
	if err != nil && late.Err() != nil {
		err = req.Context().Err()
	}
	return resp, err
}

// messageOf returns the service's message in err, or "" if the service did not respond.
func messageOf(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorMessage()
	}
	return ""
}

// isOfService reports whether err comes from a request to the service, with or without a response.
func isOfService(err error) bool {
	var op *smithy.OperationError
	return errors.As(err, &op)
}

// isLost reports whether the reply to a request was lost: there was none, or it is not the
// service's own.
func isLost(err error) bool {
	var api smithy.APIError
	return isOfService(err) && (!errors.As(err, &api) || api.ErrorCode() == unknownError)
}

// unknownError is the SDK's code for a response without an error code.
const unknownError = "UnknownError"

// isRejection reports whether the service has rejected a request, so that an immediate retry is
// useless. A failed Lambda function does not count, because it may work again.
func isRejection(err error) bool {
	var api smithy.APIError
	var response interface{ HTTPStatusCode() int }
	return errors.As(err, &api) && errors.As(err, &response) && response.HTTPStatusCode() < 500 &&
		!hasCode(err, "TooManyRequestsException", "ThrottlingException", "InternalErrorException",
			"UserLambdaValidationException", "UnexpectedLambdaException", "InvalidLambdaResponseException",
			unknownError)
}
