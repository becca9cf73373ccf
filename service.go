package cognito

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"

	"github.com/gocognito/cognito/internal/flight"
)

// Bounds on an answer of the service. The largest honest page has 60 users with 50 attributes of 2,048 characters.
// Other answers are far below their bound, which leaves room to say which member of one was too long.
const (
	maxPage   = 24 << 20
	maxAnswer = 12 << 20
)

// newServiceClient makes the SDK's client. It does no I/O: without WithAWSConfig nothing is read from the
// environment until a call must be signed.
func newServiceClient(o *clientOptions, region string, clock *serviceClock) *cognitoidentityprovider.Client {
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
		sdk.HTTPClient = boundedClient{base: clockedClient{plain, clock}}
		sdk.Retryer = withoutQuotaRetries{sdk.Retryer}
	}
	if o.awsConfig != nil {
		return cognitoidentityprovider.NewFromConfig(*o.awsConfig, adjust)
	}
	return cognitoidentityprovider.New(cognitoidentityprovider.Options{}, adjust)
}

// noCredentials answers for a client that was given none.
type noCredentials struct{}

func (noCredentials) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{}, ErrNoCredentials
}

// defaultCredentials is the default AWS credential chain, loaded when the first call must be signed.
type defaultCredentials struct{ region string }

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

// boundedClient fails the reading of a body that is longer than the operation's answers can be.
type boundedClient struct {
	base cognitoidentityprovider.HTTPClient
}

func (b boundedClient) Do(req *http.Request) (*http.Response, error) {
	resp, err := b.base.Do(req)
	if resp != nil && resp.Body != nil {
		limit := int64(maxAnswer)
		if strings.Contains(req.Header.Get("X-Amz-Target"), ".List") {
			limit = maxPage
		}
		resp.Body = &boundedBody{ReadCloser: resp.Body, left: limit, limit: limit}
	}
	return resp, err
}

type boundedBody struct {
	io.ReadCloser

	left, limit int64
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, fmt.Errorf("answer is longer than %d bytes", b.limit)
	}
	// One byte more than allowed tells an answer that ends at the limit from one that goes on.
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left+1)])
	b.left -= int64(n)
	if b.left < 0 {
		return 0, fmt.Errorf("answer is longer than %d bytes", b.limit)
	}
	return n, err
}

// withoutQuotaRetries does not repeat a call that used up a quota (LimitExceededException), which the SDK's own
// retryer does, at the price of two more attempts of the quota.
type withoutQuotaRetries struct{ aws.Retryer }

func (r withoutQuotaRetries) IsErrorRetryable(err error) bool {
	return !hasCode(err, "LimitExceededException") && r.Retryer.IsErrorRetryable(err)
}

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

type onlyThrottled struct{ aws.Retryer }

func (r onlyThrottled) IsErrorRetryable(err error) bool {
	return hasCode(err, "TooManyRequestsException", "ThrottlingException") && r.Retryer.IsErrorRetryable(err)
}

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
	local  func() time.Time
	offset atomic.Int64 // in nanoseconds
}

func (k *serviceClock) now() time.Time { return k.local().Add(time.Duration(k.offset.Load())) }

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
		offset = 0
	}
	k.offset.Store(int64(offset))
}

// clockedClient sets the clock by the service's answers.
type clockedClient struct {
	base  cognitoidentityprovider.HTTPClient
	clock *serviceClock
}

func (c clockedClient) Do(req *http.Request) (*http.Response, error) {
	sent := c.clock.local()
	// A RoundTripper that does not look at the context must not hold up the changes of a session.
	resp, err := flight.Run(req.Context(), func() (*http.Response, error) { return c.do(req) })
	if err == nil && resp != nil {
		c.clock.observe(resp, sent)
	}
	return resp, err
}

// do sends req. A response that comes after the request's context has ended is closed: nobody reads it.
func (c clockedClient) do(req *http.Request) (*http.Response, error) {
	resp, err := c.base.Do(req)
	if err == nil && resp != nil && req.Context().Err() != nil {
		_ = resp.Body.Close()
		return nil, context.Cause(req.Context())
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
