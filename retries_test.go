package cognito_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/stretchr/testify/assert"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// An answer that may have been taken must not be sent twice; a request that was refused for its
// rate may.
func TestRetries(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, op, exception string
		status              int
		want                int
	}{
		{"answer, server fault", "RespondToAuthChallenge", "InternalErrorException", 500, 1},
		{"answer, throttled", "RespondToAuthChallenge", "TooManyRequestsException", 400, 2},
		{"first request, server fault", "InitiateAuth", "InternalErrorException", 500, 2},
		{"quota", "InitiateAuth", "LimitExceededException", 400, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{})
			var mu sync.Mutex
			sent := 0
			srv.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), "."+tt.op) {
					return false
				}
				mu.Lock()
				defer mu.Unlock()
				sent++
				if sent > 1 {
					return false
				}
				w.Header().Set("X-Amzn-ErrorType", tt.exception+":")
				w.WriteHeader(tt.status)
				fmt.Fprintf(w, `{"__type":%q,"message":"no"}`, tt.exception)
				return true
			})
			c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithClientOptions(noBackoff))
			err := c.Authenticate(t.Context(), testPassword)
			assert.Equal(t, tt.want, sent)
			assert.Equal(t, tt.want > 1, err == nil, "%v", err)
		})
	}
}

// The first request of a sign-in that carries a password or makes the service or a Lambda function
// send a message is sent once, whatever becomes of its reply. The one of SRP carries no secret, and
// may be sent again.
func TestFirstRequestsThatAreSentOnce(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	choose := func(first cognito.FirstFactor) func(*cognito.Cognito) error {
		return func(c *cognito.Cognito) error { return c.AuthenticateChoice(ctx, first) }
	}
	for name, tt := range map[string]struct {
		begin func(*cognito.Cognito) error
		once  bool
	}{
		"SRP": {func(c *cognito.Cognito) error { return c.Authenticate(ctx, testPassword) }, false},
		"administrator's SRP": {func(c *cognito.Cognito) error {
			return c.AdminAuthenticate(ctx, testPassword, cognito.Flow(cognito.FlowUserSRPAuth))
		}, false},
		"SRP of choice": {choose(cognito.FirstFactor{Password: testPassword}), false},
		"password": {func(c *cognito.Cognito) error {
			return c.Authenticate(ctx, testPassword, cognito.Flow(cognito.FlowUserPasswordAuth))
		}, true},
		"administrator's password": {func(c *cognito.Cognito) error { return c.AdminAuthenticate(ctx, testPassword) }, true},
		"custom":                   {func(c *cognito.Cognito) error { return c.AuthenticateCustom(ctx, "") }, true},
		"custom after SRP":         {func(c *cognito.Cognito) error { return c.AuthenticateCustom(ctx, testPassword) }, true},
		"administrator's custom": {func(c *cognito.Cognito) error {
			return c.AdminAuthenticate(ctx, testPassword, cognito.Flow(cognito.FlowCustomAuth))
		}, true},
		"password of choice": {choose(cognito.FirstFactor{Preferred: cognito.ChallengePassword, Password: testPassword}), true},
		"e-mail code":        {choose(cognito.FirstFactor{Preferred: cognito.ChallengeEmailOTP}), true},
		"SMS code":           {choose(cognito.FirstFactor{Preferred: cognito.ChallengeSMSOTP}), true},
		"no choice":          {choose(cognito.FirstFactor{}), true},
		"temporary password": {func(c *cognito.Cognito) error {
			return c.NewPasswordChallenge(ctx, testPassword, "Another-Horse-1", nil, cognito.Flow(cognito.FlowUserPasswordAuth))
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, kind := range []cognitotest.FaultKind{cognitotest.FaultLostReply, cognitotest.FaultServerError} {
				srv := newFlowServer(t, cognitotest.Config{})
				c := newFlowClient(t, srv, cognito.WithUsername("email"), cognito.WithClientOptions(noBackoff))
				for _, op := range []string{"InitiateAuth", "AdminInitiateAuth"} {
					srv.Fault(cognitotest.Fault{Op: op, Kind: kind, Times: 2})
				}
				err := tt.begin(c)
				sent := 0
				for _, call := range serviceCalls(srv) {
					if strings.HasSuffix(call.Op, "InitiateAuth") {
						sent++
					}
				}
				if tt.once {
					assert.Equal(t, 1, sent, kind)
					assert.True(t, cognito.IsTemporary(err), "%s: %v", kind, err)
				} else {
					assert.Equal(t, 3, sent, kind)
				}
			}
		})
	}
}

// noBackoff makes the SDK repeat at once.
func noBackoff(o *cognitoidentityprovider.Options) {
	o.Retryer = aws.RetryerV2(instantly{o.Retryer})
}

type instantly struct{ aws.Retryer }

func (instantly) RetryDelay(int, error) (time.Duration, error) { return 0, nil }
func (i instantly) GetAttemptToken(context.Context) (func(error) error, error) {
	return i.GetInitialToken(), nil
}
