package cognito

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/smithy-go"
)

// maxServiceBody bounds an answer of the service. The largest honest one is a page of 60 users with 50
// attributes of 2,048 characters.
const maxServiceBody = 24 << 20

// newServiceClient makes the SDK's client. It does no I/O: without WithAWSConfig nothing is read from the
// environment until a call must be signed.
func newServiceClient(o *clientOptions, region string) *cognitoidentityprovider.Client {
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
		sdk.HTTPClient = boundedClient{base: withoutRedirects(sdk.HTTPClient), limit: maxServiceBody}
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
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(d.region))
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
	var plain http.Client
	switch client := client.(type) {
	case *http.Client:
		plain = *client
	case *awshttp.BuildableClient:
		plain = http.Client{Transport: client.GetTransport(), Timeout: client.GetTimeout()}
	default:
		return client // a client of the caller's own making follows what its maker decided
	}
	plain.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &plain
}

// boundedClient fails the reading of a body that is longer than limit bytes.
type boundedClient struct {
	base  cognitoidentityprovider.HTTPClient
	limit int64
}

func (b boundedClient) Do(req *http.Request) (*http.Response, error) {
	resp, err := b.base.Do(req)
	if resp != nil && resp.Body != nil {
		resp.Body = &boundedBody{ReadCloser: resp.Body, left: b.limit, limit: b.limit}
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

// sendOnce is for calls that must not be repeated after a failure that leaves open whether the service took
// them, because they carry a one-time secret or create something: only a call that was throttled, and so
// refused for certain, is sent again.
func sendOnce(o *cognitoidentityprovider.Options) { o.Retryer = onlyThrottled{o.Retryer} }

type onlyThrottled struct{ aws.Retryer }

func (r onlyThrottled) IsErrorRetryable(err error) bool {
	return hasCode(err, "TooManyRequestsException", "ThrottlingException") && r.Retryer.IsErrorRetryable(err)
}

func hasCode(err error, codes ...string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && slices.Contains(codes, api.ErrorCode())
}
