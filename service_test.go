package cognito_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
	"github.com/gocognito/cognito/internal/prints"
)

// refuseOp makes srv refuse op with an exception, the first times times, and returns how often op
// was called.
func refuseOp(srv *cognitotest.Server, op, exception string, status int, times int64) *atomic.Int64 {
	var calls atomic.Int64
	srv.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), "."+op) || calls.Add(1) > times {
			return false
		}
		w.Header().Set("X-Amzn-ErrorType", exception+":")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"__type":%q,"message":"no"}`, exception)
		return true
	})
	return &calls
}

// What creates something or spends a code or a token must not be sent twice when it may have been
// taken; what was refused for its rate was not.
func TestCallsThatAreSentOnce(t *testing.T) {
	t.Parallel()
	calls := map[string]func(*cognito.Cognito) error{
		"SignUp": func(c *cognito.Cognito) error {
			_, err := c.Register(t.Context(), "carol", testPassword, nil)
			return err
		},
		"ConfirmSignUp": func(c *cognito.Cognito) error {
			return c.ForUser("carol").ConfirmSignUp(t.Context(), "carol", "123456")
		},
		"ResendConfirmationCode": func(c *cognito.Cognito) error {
			_, err := c.ForUser("carol").ResendConfirmationCode(t.Context(), "carol")
			return err
		},
		"GetTokensFromRefreshToken": func(c *cognito.Cognito) error { return c.RenewAccessToken(t.Context()) },
		// A new address is sent a code.
		"UpdateUserAttributes": func(c *cognito.Cognito) error {
			return err1(c.UpdateProfile(t.Context(), cognito.Attributes{"email": "new@example.com"}))
		},
		"AdminUpdateUserAttributes": func(c *cognito.Cognito) error {
			return err1(c.AdminUpdateProfile(t.Context(), "bob", cognito.Attributes{"phone_number": "+15551234567"}))
		},
		// Lambda functions send messages to who is confirmed, and a password in the history is
		// refused the second time.
		"AdminConfirmSignUp":   func(c *cognito.Cognito) error { return c.AdminConfirmSignUp(t.Context(), "bob") },
		"AdminSetUserPassword": func(c *cognito.Cognito) error { return c.AdminSetPassword(t.Context(), "bob", "Another-Horse-1", true) },
	}
	for op, call := range calls {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{})
			c := newAdmin(t, srv, cognito.WithUsername("bob"), cognito.WithClientOptions(noBackoff))
			require.NoError(t, c.Authenticate(t.Context(), testPassword))

			sent := refuseOp(srv, op, "InternalErrorException", http.StatusInternalServerError, 1)
			require.Error(t, call(c))
			assert.EqualValues(t, 1, sent.Load())

			for _, throttled := range []string{"TooManyRequestsException", "ThrottlingException"} {
				sent = refuseOp(srv, op, throttled, http.StatusBadRequest, 1)
				_ = call(c) // what comes of it is not the point
				assert.EqualValues(t, 2, sent.Load(), throttled)
			}
		})
	}
}

// What a lost reply makes no difference to is sent again.
func TestCallsThatAreRepeated(t *testing.T) {
	t.Parallel()
	calls := map[string]func(*cognito.Cognito) error{
		"GetUser": func(c *cognito.Cognito) error { return err1(c.GetUser(t.Context())) },
		"UpdateUserAttributes": func(c *cognito.Cognito) error {
			return err1(c.UpdateProfile(t.Context(), cognito.Attributes{"name": "Bob"}))
		},
		"AdminUpdateUserAttributes": func(c *cognito.Cognito) error {
			return err1(c.AdminUpdateProfile(t.Context(), "bob", cognito.Attributes{"name": "Bob"}))
		},
		"DeleteUser": func(c *cognito.Cognito) error { return c.DeleteUser(t.Context()) },
	}
	for op, call := range calls {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{})
			c := newAdmin(t, srv, cognito.WithUsername("bob"), cognito.WithClientOptions(noBackoff))
			require.NoError(t, c.Authenticate(t.Context(), testPassword))
			srv.Fault(cognitotest.Fault{Op: op, Kind: cognitotest.FaultLostReply})
			require.NoError(t, call(c))
		})
	}
}

// The SDK's adaptive retryer learns from what it is asked, so it must be asked.
func TestAdaptiveRetryerIsAsked(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	asked := &askedRetryer{RetryerV2: retry.NewAdaptiveMode()}
	c := newClient(t, srv, cognito.WithUsername("bob"),
		cognito.WithClientOptions(func(o *cognitoidentityprovider.Options) { o.Retryer = asked }))
	require.NoError(t, c.Authenticate(t.Context(), testPassword))
	assert.EqualValues(t, 2, asked.times.Load())
}

type askedRetryer struct {
	aws.RetryerV2

	times atomic.Int64
}

func (r *askedRetryer) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	r.times.Add(1)
	return r.RetryerV2.GetAttemptToken(ctx)
}

// countedCredentials counts how often they are asked for.
type countedCredentials struct {
	times atomic.Int64
	err   error
}

func (c *countedCredentials) Retrieve(context.Context) (aws.Credentials, error) {
	c.times.Add(1)
	return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret"}, c.err
}

func TestCancelledCallIsNotWithoutCredentials(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newClient(t, srv)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Client().AdminGetUser(ctx, &cognitoidentityprovider.AdminGetUserInput{
		UserPoolId: aws.String(srv.UserPoolID), Username: aws.String("bob"),
	})
	require.Error(t, err)
	assert.NotErrorIs(t, err, cognito.ErrNoCredentials)
}

// What another service says through a store is not the pool's word.
func TestErrorsOfOtherServices(t *testing.T) {
	t.Parallel()
	foreign := func(code string) error {
		return fmt.Errorf("load: %w", &smithy.OperationError{
			ServiceID: "DynamoDB", OperationName: "GetItem", Err: &smithy.GenericAPIError{Code: code, Message: "no"},
		})
	}
	for _, code := range []string{"ThrottlingException", "UserNotFoundException"} {
		err := &cognito.Error{Op: "CheckToken", Err: foreign(code)}
		for _, reason := range reasons {
			require.NotErrorIs(t, err, reason)
		}
		assert.False(t, cognito.IsTerminal(err))
		assert.Equal(t, "cognito: CheckToken: "+foreign(code).Error(), err.Error())
	}
}

// A wrapped answer of the service keeps what it was wrapped with.
func TestTextOfWrappedAnswers(t *testing.T) {
	t.Parallel()
	err := &cognito.Error{Op: "Op", Err: fmt.Errorf("after the device: %w", &smithy.OperationError{
		ServiceID: cognitoidentityprovider.ServiceID, OperationName: "InitiateAuth",
		Err: &smithy.GenericAPIError{Code: "XException", Message: "a\nb\x1b[31mc"},
	})}
	assert.Equal(t, "cognito: Op: after the device: InitiateAuth: XException: a b [31mc", err.Error())
	challenge := &cognito.ChallengeError{Challenge: cognito.Challenge{Name: "A\nB", Username: "c\rd"}}
	for how, text := range prints.All(challenge) {
		assert.NotContains(t, strings.TrimSuffix(text, "\n"), "\n", how)
		assert.NotContains(t, text, "\r", how)
	}
}

func TestRedirectsAreRefused(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusPermanentRedirect} {
		srv, other := newServer(t, cognitotest.Config{}), newServer(t, cognitotest.Config{})
		srv.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, other.URL+r.URL.Path, status)
			return true
		})
		c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithClientOptions(noBackoff))
		require.Error(t, c.Authenticate(t.Context(), testPassword))
		assert.Empty(t, other.Requests(), status)
	}
}

// A proof is made once, and a handler asked a bounded number of times, whatever the service says.
func TestHandlerIsAskedABoundedNumberOfTimes(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	answer(srv, "InitiateAuth", http.StatusOK, map[string]any{"ChallengeName": "CUSTOM_CHALLENGE", "Session": strings.Repeat("s", 20)})
	asked := 0
	errTooOften := errors.New("asked for ever")
	c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithChallengeHandler(
		func(context.Context, cognito.Challenge) (cognito.Answer, error) {
			if asked++; asked > 100 {
				return nil, errTooOften
			}
			answer(srv, "RespondToAuthChallenge", http.StatusOK, map[string]any{"ChallengeName": "CUSTOM_CHALLENGE", "Session": strings.Repeat("s", 20)})
			return cognito.Answer{"ANSWER": "x"}, nil
		},
	))
	err := c.Authenticate(t.Context(), testPassword)
	require.ErrorIs(t, err, cognito.ErrCustomChallengeRequired)
	assert.Equal(t, 16, asked)
}

// The SDK closes a request's body when the response begins. A connection that is still sending the
// request then must not be closed: the rest of the response is still to come.
func TestResponseIsReadWhenItOvertakesTheRequest(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		size   int
		unread int64
	}{
		"the last byte is on its way": {10, 1},
		"much is still to be sent":    {100_000, 50_000}, // io.Copy reads 32 kB at a time
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, server := net.Pipe()
				answered := make(chan error, 1)
				go func() { answered <- answerEarly(server, tt.unread) }()
				transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return client, nil }}
				c, err := cognito.New(testPool, testClient, cognito.WithEndpoint("http://service.invalid"),
					cognito.WithUsername("bob"), cognito.WithHTTPClient(&http.Client{Transport: transport}))
				require.NoError(t, err)
				delivery, err := c.InitiateForgotPassword(t.Context(), cognito.ClientMetadata{"k": strings.Repeat("x", tt.size)})
				require.NoError(t, err)
				require.NotNil(t, delivery)
				assert.Equal(t, "b***@e***", delivery.Destination)
				require.NoError(t, <-answered)
				transport.CloseIdleConnections()
				_ = server.Close()
			})
		})
	}
}

// answerEarly reads a request in a bubble and begins its answer when unread bytes are still to come.
func answerEarly(conn net.Conn, unread int64) error {
	r, err := http.ReadRequest(bufio.NewReader(iotest.OneByteReader(conn)))
	if err != nil {
		return err
	}
	if _, err := io.CopyN(io.Discard, r.Body, r.ContentLength-unread); err != nil {
		return err
	}
	const body = `{"CodeDeliveryDetails":{"DeliveryMedium":"EMAIL","Destination":"b***@e***"}}`
	fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body[:10])
	synctest.Wait() // the caller waits for the rest, and net/http to write
	if _, err := io.CopyN(io.Discard, r.Body, unread); err != nil {
		return err
	}
	synctest.Wait()
	_, err = io.WriteString(conn, body[10:])
	return err
}

func TestCredentialsAreKept(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	counted := &countedCredentials{}
	c := newClient(t, srv, cognito.WithAWSConfig(aws.Config{Credentials: aws.NewCredentialsCache(counted)}))
	for range 3 {
		_, err := c.Client().AdminGetUser(t.Context(), &cognitoidentityprovider.AdminGetUserInput{
			UserPoolId: aws.String(srv.UserPoolID), Username: aws.String("bob"),
		})
		require.NoError(t, err)
	}
	assert.EqualValues(t, 1, counted.times.Load())
}
