package cognitotest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
)

// reply is an answer, as far as it came.
type reply struct {
	status int
	header http.Header
	length int64
	body   string
	err    error
}

// postAlone calls an operation with a client of its own, so that no connection is used twice.
func postAlone(ctx context.Context, srv *cognitotest.Server, op, body string) reply {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, srv.URL, strings.NewReader(body))
	if err != nil {
		return reply{err: err}
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+op)
	transport := &http.Transport{DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return reply{err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, resp.ContentLength, string(answer), err}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault cognitotest.Fault
		taken bool
		check func(*testing.T, reply)
	}{
		{"throttle", cognitotest.Fault{Kind: cognitotest.FaultThrottle}, false, answered(400, "TooManyRequestsException")},
		{"500 is the default", cognitotest.Fault{}, false, answered(500, "InternalErrorException")},
		{"503", cognitotest.Fault{Kind: cognitotest.FaultServerError, Status: 503}, false, answered(503, "InternalErrorException")},
		{"reset", cognitotest.Fault{Kind: cognitotest.FaultReset}, false, broken},
		{"lost reply", cognitotest.Fault{Kind: cognitotest.FaultLostReply}, true, broken},
		{"delay", cognitotest.Fault{Kind: cognitotest.FaultDelay, Delay: time.Millisecond}, true, answered(200, "CodeDeliveryDetails")},
		{"garbage", cognitotest.Fault{Kind: cognitotest.FaultGarbage}, true, func(t *testing.T, r reply) {
			t.Helper()
			answered(200, "<html>")(t, r)
			assert.False(t, json.Valid([]byte(r.body)))
		}},
		{"truncate", cognitotest.Fault{Kind: cognitotest.FaultTruncate}, true, func(t *testing.T, r reply) {
			t.Helper()
			require.ErrorIs(t, r.err, io.ErrUnexpectedEOF)
			assert.Equal(t, 200, r.status)
			assert.NotEmpty(t, r.body)
			assert.Less(t, int64(len(r.body)), r.length)
		}},
		{"content type", cognitotest.Fault{Kind: cognitotest.FaultContentType}, true, func(t *testing.T, r reply) {
			t.Helper()
			answered(200, "CodeDeliveryDetails")(t, r)
			assert.Equal(t, "text/html", r.header.Get("Content-Type"))
			assert.True(t, json.Valid([]byte(r.body)))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := cognitotest.NewServer(cognitotest.Config{})
			t.Cleanup(srv.Close)
			tt.fault.Op = "SignUp"
			srv.Fault(tt.fault)
			body := `{"ClientId":"` + srv.ClientID + `","Username":"dave","Password":"Correct-Horse-1","UserAttributes":[{"Name":"email","Value":"dave@example.com"}]}`
			tt.check(t, postAlone(t.Context(), srv, "SignUp", body))
			// The fault is used up. Whether the pool had taken the first request shows by what it
			// says to the second.
			want := answered(200, "CodeDeliveryDetails")
			if tt.taken {
				want = answered(400, "UsernameExistsException")
			}
			want(t, postAlone(t.Context(), srv, "SignUp", body))
			assert.Len(t, srv.Requests(), 2)
		})
	}
}

func answered(status int, part string) func(*testing.T, reply) {
	return func(t *testing.T, r reply) {
		t.Helper()
		require.NoError(t, r.err)
		assert.Equal(t, status, r.status)
		assert.Contains(t, r.body, part)
	}
}

func broken(t *testing.T, r reply) {
	t.Helper()
	assert.Zero(t, r.status)
	assert.True(t, errors.Is(r.err, syscall.ECONNRESET) || errors.Is(r.err, io.EOF), "%v", r.err)
}

func TestFaultsChooseTheirRequests(t *testing.T) {
	t.Parallel()
	srv := cognitotest.NewServer(cognitotest.Config{})
	t.Cleanup(srv.Close)
	statuses := func(n int, op string) []int {
		var all []int
		for range n {
			r := postAlone(t.Context(), srv, op, "{}")
			require.NoError(t, r.err)
			all = append(all, r.status)
		}
		return all
	}
	srv.Fault(cognitotest.Fault{Op: "GetUser", Times: 2, After: 1, Status: 502})
	assert.Equal(t, []int{400, 400}, statuses(2, "SignUp"), "another operation")
	assert.Equal(t, []int{400, 502, 502, 400}, statuses(4, "GetUser"))

	srv.Fault(cognitotest.Fault{Times: 1, Status: 502})
	srv.Fault(cognitotest.Fault{Times: -1, Status: 503})
	assert.Equal(t, []int{502, 503, 503}, statuses(3, "SignUp"), "the earliest first, then the others, of any operation")
	srv.ClearFaults()
	assert.Equal(t, []int{400}, statuses(1, "SignUp"))

	srv.Fault(cognitotest.Fault{Op: "JWKS", Kind: cognitotest.FaultGarbage})
	for _, valid := range []bool{false, true} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.JWKSURL(), nil)
		require.NoError(t, err)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, valid, json.Valid(body))
	}
}

func TestFaultDelay(t *testing.T) {
	t.Parallel()
	for kind, taken := range map[cognitotest.FaultKind]bool{cognitotest.FaultDelay: false, cognitotest.FaultLateReply: true} {
		srv := cognitotest.NewServer(cognitotest.Config{})
		t.Cleanup(srv.Close)
		release := make(chan struct{})
		srv.Fault(cognitotest.Fault{Kind: kind, Release: release, Times: 2})
		body := `{"ClientId":"` + srv.ClientID + `","Username":"dave","Password":"Correct-Horse-1","UserAttributes":[{"Name":"email","Value":"dave@example.com"}]}`
		first := make(chan reply)
		go func() { first <- postAlone(t.Context(), srv, "SignUp", body) }()
		require.Eventually(t, func() bool { return len(srv.Requests()) == 1 && (srv.Code("dave") != "") == taken }, 10*time.Second, time.Millisecond)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, postAlone(ctx, srv, "GetUser", "{}").err, context.DeadlineExceeded)
		close(release)
		answered(200, "CodeDeliveryDetails")(t, <-first)
	}
}

func TestFaultRefusesMistakes(t *testing.T) {
	t.Parallel()
	srv := cognitotest.NewServer(cognitotest.Config{})
	t.Cleanup(srv.Close)
	assert.PanicsWithValue(t, `cognitotest: Fault.Kind: want one of the FaultKinds, got "fire"`, func() { srv.Fault(cognitotest.Fault{Kind: "fire"}) })
	assert.Panics(t, func() { srv.Fault(cognitotest.Fault{Kind: cognitotest.FaultDelay}) })
}

// A test holds a request, knows that it is there, and lets it go.
func TestFaultHolds(t *testing.T) {
	t.Parallel()
	srv := cognitotest.NewServer(cognitotest.Config{})
	defer srv.Close()
	entered, release, done := make(chan string), make(chan struct{}), make(chan reply)
	srv.Fault(cognitotest.Fault{
		Op: "InitiateAuth", Kind: cognitotest.FaultDelay, Release: release, Entered: func(op string) { entered <- op },
	})
	go func() { done <- postAlone(t.Context(), srv, "InitiateAuth", "{}") }()
	assert.Equal(t, "InitiateAuth", <-entered)
	select {
	case <-done:
		t.Error("the request was not held")
	default:
	}
	close(release)
	assert.Equal(t, http.StatusBadRequest, (<-done).status)
}
