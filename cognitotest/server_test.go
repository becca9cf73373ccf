package cognitotest_test

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
	"github.com/gocognito/cognito/internal/sdkhttp"
)

func TestAddr(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"127.0.0.1", "localhost", ""} {
		srv := cognitotest.NewServer(cognitotest.Config{Addr: net.JoinHostPort(host, "0")})
		t.Cleanup(srv.Close)
		at, err := url.Parse(srv.URL)
		require.NoError(t, err)
		assert.Equal(t, srv.URL+"/"+srv.UserPoolID, srv.Issuer())
		resp, _ := get(t, srv.JWKSURL())
		assert.Equal(t, http.StatusOK, resp.StatusCode, srv.URL)

		assert.Panics(t, func() { cognitotest.NewServer(cognitotest.Config{Addr: net.JoinHostPort(host, at.Port())}) }, "the port is taken")
	}
	assert.Panics(t, func() { cognitotest.NewServer(cognitotest.Config{Addr: "no address"}) })
}

// Whoever sends a request slowly or not to its end does not hold a connection for ever.
func TestRequestsThatDoNotArrive(t *testing.T) {
	t.Parallel()
	const header = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n"
	for name, sent := range map[string]string{"nothing": "", "a part of the header": header, "no body": header + "\r\n", "a part of the body": header + "\r\n{"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := cognitotest.NewServer(cognitotest.Config{InMemory: true})
				defer srv.Close()
				conn, err := srv.HTTPClient().Transport.(sdkhttp.Transport).Base.(*http.Transport).DialContext(t.Context(), "tcp", "")
				require.NoError(t, err)
				defer func() { _ = conn.Close() }()
				_, err = io.WriteString(conn, sent)
				require.NoError(t, err)
				begin := time.Now()
				answer, err := io.ReadAll(conn)
				require.NoError(t, err, "the server closes the connection")
				assert.Less(t, time.Since(begin), 3*time.Minute)
				if strings.Contains(sent, "\r\n\r\n") {
					assert.Contains(t, string(answer), "408 Request Timeout")
					assert.Contains(t, string(answer), "RequestTimeoutException")
				}
				assert.Empty(t, srv.Requests())
			})
		})
	}
}

// A request that has arrived may wait for its answer as long as a fault holds it.
func TestRequestsThatAreHeld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := cognitotest.NewServer(cognitotest.Config{InMemory: true})
		defer srv.Close()
		srv.Fault(cognitotest.Fault{Kind: cognitotest.FaultDelay, Delay: 24 * time.Hour})
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL, strings.NewReader(`{}`))
		require.NoError(t, err)
		resp, err := srv.HTTPClient().Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, http.StatusBadRequest, resp.StatusCode, "it is executed: %v", srv.Requests())
	})
}

// Each message is told of once, while the server can be called, and before the client has its
// answer.
func TestOnMessage(t *testing.T) {
	t.Parallel()
	var srv *cognitotest.Server
	told := make(chan cognitotest.Message, 10)
	f := newFixture(t, cognitotest.Config{OnMessage: func(m cognitotest.Message) {
		assert.Equal(t, m.Code, srv.Code(m.Username), "the callback may call the server")
		for range 100 { // gives an answer that does not wait the time to be written
			calls := srv.Requests()
			assert.Zero(t, calls[len(calls)-1].Status, "the request is not answered yet")
			runtime.Gosched()
		}
		told <- m
	}})
	srv = f.Server

	resp, _ := post(t, f, target+"SignUp",
		`{"ClientId":"`+clientID+`","Username":"eve","Password":"`+password+`","UserAttributes":[{"Name":"email","Value":"eve@example.com"}]}`, nil)
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Len(t, told, 1)
	m := <-told
	assert.Equal(t, cognitotest.Message{
		UserPoolID: f.UserPoolID, Username: "eve", Destination: "eve@example.com", Medium: "EMAIL", Purpose: "SignUp", Code: m.Code,
	}, m)
	assert.Len(t, m.Code, 6)

	post(t, f, target+"SignUp", `{"ClientId":"`+clientID+`","Username":"eve","Password":"`+password+`"}`, nil)
	assert.Empty(t, told, "a refused request delivers nothing")

	f.must("AdminCreateUser", members{
		"Username": "dan", "TemporaryPassword": "Temporary-1", "DesiredDeliveryMediums": []string{"EMAIL"},
		"UserAttributes": attributes("email", "dan@example.com"),
	})
	require.Len(t, told, 1)
	assert.Equal(t, "Temporary-1", (<-told).Code)
	assert.Len(t, f.Messages(), 2)
}

// A browser asks before it calls from a page of another origin, and reads only what it may.
func TestPagesOfOtherOriginsMayCall(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, f.URL+"/", nil)
	require.NoError(t, err)
	const asked = "cache-control,content-type,x-amz-target,x-amz-user-agent"
	req.Header.Set("Origin", "http://localhost:5173")
	req.Header.Set("Access-Control-Request-Method", "POST")
	req.Header.Set("Access-Control-Request-Headers", asked)
	resp, body := do(t, req)
	assert.Equal(t, http.StatusNoContent, resp.StatusCode)
	assert.Empty(t, body)
	assert.Equal(t, "*", resp.Header.Get("Access-Control-Allow-Origin"))
	assert.Contains(t, resp.Header.Get("Access-Control-Allow-Methods"), "POST")
	assert.Equal(t, asked, resp.Header.Get("Access-Control-Allow-Headers"))
	assert.Empty(t, f.Requests(), "the question is no request to the pool")

	resp, _ = post(t, f, target+"InitiateAuth", `{}`, map[string]string{"Origin": "http://localhost:5173"})
	assert.Equal(t, http.StatusBadRequest, resp.StatusCode)
	assert.Equal(t, "*", resp.Header.Get("Access-Control-Allow-Origin"), "errors can be read, too")
	assert.Contains(t, resp.Header.Get("Access-Control-Expose-Headers"), "X-Amzn-ErrorType")

	resp, _ = get(t, f.JWKSURL())
	assert.Equal(t, "*", resp.Header.Get("Access-Control-Allow-Origin"))

	req, err = http.NewRequestWithContext(t.Context(), http.MethodOptions, f.URL+"/", nil)
	require.NoError(t, err)
	resp, _ = do(t, req)
	assert.Equal(t, http.StatusNotFound, resp.StatusCode, "an OPTIONS that asks nothing is none of a browser's")
}
