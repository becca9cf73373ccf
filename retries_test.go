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

// An answer that may have been taken must not be sent twice; a request that was refused for its rate may.
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

// noBackoff makes the SDK repeat at once.
func noBackoff(o *cognitoidentityprovider.Options) {
	o.Retryer = aws.RetryerV2(instantly{o.Retryer})
}

type instantly struct{ aws.Retryer }

func (instantly) RetryDelay(int, error) (time.Duration, error) { return 0, nil }
func (i instantly) GetAttemptToken(context.Context) (func(error) error, error) {
	return i.GetInitialToken(), nil
}
