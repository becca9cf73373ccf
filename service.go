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
)

// requestTimeout ends an attempt of a call that neither the caller's context nor the caller's HTTP client ends.
const requestTimeout = 30 * time.Second

// answerLimit bounds an answer of the service before it is decoded. A few bytes of JSON can become hundreds in memory, so
// that its values count as well as its length.
type answerLimit struct {
	bytes  int64
	values int
}

var (
	// The largest honest page has 60 users with 50 attributes of 2,048 characters: 24 MB and 10,000 values.
	pageLimit = answerLimit{24 << 20, 30_000}
	// The largest honest answer of another kind has one user's attributes, as JSON within JSON.
	plainLimit = answerLimit{4 << 20, 10_000}
)

func limitOf(req *http.Request) answerLimit {
	if strings.Contains(req.Header.Get("X-Amz-Target"), ".List") {
		return pageLimit
	}
	return plainLimit
}

// newServiceClient makes the SDK's client. It does no I/O: without WithAWSConfig and WithEndpoint the environment says
// which endpoint is called, and the rest of the AWS configuration is not loaded until a call must be signed.
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
		// The SDK sends signed operations unsigned when it has no credentials; a clear error is better.
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
	fromEnv := aws.Config{ConfigSources: []any{env}} // of which the client takes the endpoint's settings
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

// checkEnvironment rejects an endpoint of the environment that no request can be sent to, such as one without a scheme. The
// one that is not in use is not looked at.
func checkEnvironment() error {
	for _, name := range []string{"AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", "AWS_ENDPOINT_URL"} {
		if value := os.Getenv(name); value != "" {
			return checkURL("environment variable "+name, value)
		}
	}
	return nil
}

// warnOfPlainHTTP warns when what is sent to and fetched from addresses can be read and changed on its way.
func warnOfPlainHTTP(log *slog.Logger, what string, addresses ...string) {
	for _, address := range addresses {
		u, err := url.Parse(address)
		if err == nil && u.Scheme == "http" && !isLoopback(u.Hostname()) {
			log.Warn("cognito: plain http to a host that is not loopback", slog.String("for", what), slog.String("host", u.Host))
		}
	}
}

// noCredentials answers for a client that was given none.
type noCredentials struct{}

// Retrieve returns [ErrNoCredentials].
func (noCredentials) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{}, ErrNoCredentials
}

// defaultCredentials is the default AWS credential chain, loaded when the first call must be signed.
type defaultCredentials struct{ region string }

// Retrieve loads the default AWS configuration and returns its credentials.
func (d *defaultCredentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(d.region), config.WithLogger(logging.Nop{}))
	if err == nil && cfg.Credentials == nil {
		err = errors.New("the default AWS configuration has none")
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

// withoutRedirects makes client refuse redirects: the service never sends one, and following it would carry
// passwords and tokens to an address that the caller did not name.
func withoutRedirects(client cognitoidentityprovider.HTTPClient) cognitoidentityprovider.HTTPClient {
	plain := plainClient(client)
	if plain == nil {
		return client // a client of the caller's own making follows what its maker decided
	}
	plain.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return plain
}

// plainClient is a copy of client as an http.Client; nil for one of a kind that is not known.
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

// withTimeout ends each attempt that client makes after requestTimeout where the caller has set no deadline. client is
// the one that was given, and plain what it has become. One of the caller's making is left as it is, and so is one of the
// SDK's kind with a timeout of its own.
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

// Do sends req with a time limit, unless the caller has set one.
func (c timedClient) Do(req *http.Request) (*http.Response, error) {
	if _, ok := req.Context().Deadline(); ok && req.Context().Value(ownLimit{}) == nil {
		return c.untimed.Do(req)
	}
	return c.timed.Do(req)
}

// ownLimit marks a context whose deadline is not the caller's.
type ownLimit struct{}

// withLimit is context.WithTimeout for limits of this package on several requests, each of which still ends by itself.
func withLimit(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); !ok {
		ctx = context.WithValue(ctx, ownLimit{}, true)
	}
	return context.WithTimeout(ctx, limit)
}

// boundedClient fails the reading of a body that is larger than the operation's answers can be.
type boundedClient struct {
	base cognitoidentityprovider.HTTPClient
}

// Do sends req, and bounds the body of the response.
func (b boundedClient) Do(req *http.Request) (*http.Response, error) {
	resp, err := b.base.Do(req)
	if resp != nil && resp.Body != nil {
		resp.Body = &boundedBody{ReadCloser: resp.Body, limit: limitOf(req)}
	}
	return resp, err
}

type boundedBody struct {
	io.ReadCloser

	limit  answerLimit
	bytes  int64
	values valueCounter
}

// Read reads from the body, and fails once that exceeds the limit.
func (b *boundedBody) Read(p []byte) (int, error) {
	if err := b.excess(); err != nil {
		return 0, err
	}
	// One byte more than allowed tells an answer that ends at the limit from one that goes on.
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
		return fmt.Errorf("answer is longer than %d bytes", b.limit.bytes)
	case b.values.found > b.limit.values:
		return fmt.Errorf("answer has more than %d values", b.limit.values)
	default:
		return nil
	}
}

// valueCounter counts the values in JSON that comes in pieces: each begins an object or a list, or follows a comma. In
// what is not JSON it finds some number.
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

// withoutQuotaRetries does not repeat a call that used up a quota (LimitExceededException), which the SDK's own
// retryer does, at the price of two more attempts of the quota.
type withoutQuotaRetries struct{ aws.Retryer }

// IsErrorRetryable reports whether the SDK's retryer retries after err, which is not about a quota.
func (r withoutQuotaRetries) IsErrorRetryable(err error) bool {
	return !hasCode(err, "LimitExceededException") && r.Retryer.IsErrorRetryable(err)
}

// GetAttemptToken asks the wrapped retryer.
func (r withoutQuotaRetries) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	return attemptToken(ctx, r.Retryer)
}

// attemptToken asks a retryer whether an attempt may be made, as the SDK does; wrapping one hides that it can tell.
func attemptToken(ctx context.Context, r aws.Retryer) (func(error) error, error) {
	if v2, ok := r.(aws.RetryerV2); ok {
		return v2.GetAttemptToken(ctx)
	}
	return r.GetInitialToken(), nil
}

// sendOnce is for calls that must not be repeated after a failure that leaves open whether the service took
// them, because they carry a one-time secret or create something: only a call that was throttled, and so
// refused for certain, is sent again.
func sendOnce(o *cognitoidentityprovider.Options) { o.Retryer = onlyThrottled{o.Retryer} }

// onceIfAddressed is sendOnce for attributes with an address, which the service sends a code to.
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

// GetAttemptToken asks the wrapped retryer.
func (r onlyThrottled) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	return attemptToken(ctx, r.Retryer)
}

func hasCode(err error, codes ...string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && slices.Contains(codes, api.ErrorCode())
}

// serviceClock is the service's clock: the local one, put right by the dates of the service's answers. What the service
// compares with its own clock, and when its tokens expire, goes by it.
type serviceClock struct {
	local   func() time.Time
	learned atomic.Pointer[clockOffset] // nil when the local clock is right, as far as is known
}

// clockOffset is how far the local clock was behind the service's at a time of the local clock.
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

// isVoid reports whether the local clock was set right since the offset was learned, as happens soon after a machine without
// a clock of its own has started: it went on by the offset more than time passed. Readings of other clocks than the
// machine's cannot tell.
func (o *clockOffset) isVoid(now time.Time) bool {
	jump := now.Round(0).Sub(o.at.Round(0)) - now.Sub(o.at)
	return (jump - o.offset).Abs() <= 2*smallOffset
}

// smallOffset is not worth correcting: dates of answers are in whole seconds.
const smallOffset = 2 * time.Second

// observe learns the offset from an answer to a request that was sent at sent. Only the service's own answers count,
// not those of a proxy on the way.
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

// clockedClient sets the clock by the service's answers.
type clockedClient struct {
	base  cognitoidentityprovider.HTTPClient
	clock *serviceClock
}

// Do sends req and sets the clock. It returns soon after req's context has ended, whatever the base does.
func (c clockedClient) Do(req *http.Request) (*http.Response, error) {
	sent := c.clock.local()
	resp, err := sendWithin(req, c.base.Do)
	if err == nil && resp != nil {
		c.clock.observe(resp, sent)
	}
	return resp, err
}

// abandonTime is how long after the end of its context a request may take to return.
const abandonTime = time.Second

// sendWithin calls send. A RoundTripper that ignores the context must not block the changes of a session, so sendWithin
// abandons it. One that does not gets a moment first: the response may be there already.
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
			_ = resp.Body.Close() // nobody reads it
			return nil, late.Err()
		}
		return resp, err
	})
	if err != nil && late.Err() != nil {
		err = req.Context().Err()
	}
	return resp, err
}

// messageOf is the service's own text in err; "" when the service did not answer.
func messageOf(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorMessage()
	}
	return ""
}

// isOfService reports whether err came of a request to the service: its answer, or that there was none.
func isOfService(err error) bool {
	var op *smithy.OperationError
	return errors.As(err, &op)
}

// isLost reports whether the reply to a request was lost: what came, if anything, is not the service's own answer.
func isLost(err error) bool {
	var api smithy.APIError
	return isOfService(err) && (!errors.As(err, &api) || api.ErrorCode() == unknownError)
}

// unknownError is the SDK's code for an answer without one.
const unknownError = "UnknownError"

// isRejection reports whether the service has rejected a request, so that the same request will hardly be taken a moment
// later. A Lambda function that failed may work again.
func isRejection(err error) bool {
	var api smithy.APIError
	var response interface{ HTTPStatusCode() int }
	return errors.As(err, &api) && errors.As(err, &response) && response.HTTPStatusCode() < 500 &&
		!hasCode(err, "TooManyRequestsException", "ThrottlingException", "InternalErrorException",
			"UserLambdaValidationException", "UnexpectedLambdaException", "InvalidLambdaResponseException", unknownError)
}
