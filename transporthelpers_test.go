package cognito_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
)

// sent is a request as the base transport was given it.
type sent struct {
	*http.Request

	body string
}

// recordingBase is a base transport that reads the body, closes it and answers with the statuses
// given, then 200.
type recordingBase struct {
	mu       sync.Mutex
	requests []sent
	statuses []int
	err      error
	bodies   []*countingBody // of the answers
	idle     int             // calls of CloseIdleConnections
}

func (b *recordingBase) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
		_ = req.Body.Close()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requests = append(b.requests, sent{req, string(body)})
	if b.err != nil {
		return nil, b.err
	}
	status := http.StatusOK
	if len(b.statuses) > 0 {
		status, b.statuses = b.statuses[0], b.statuses[1:]
	}
	answer := &countingBody{Reader: strings.NewReader(strings.Repeat("x", 100<<10))}
	b.bodies = append(b.bodies, answer)
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: answer, Request: req}, nil
}

func (b *recordingBase) CloseIdleConnections() { b.idle++ }

func (b *recordingBase) headers(name string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []string
	for _, r := range b.requests {
		all = append(all, r.Header.Get(name))
	}
	return all
}

// countingBody counts what is read and how often it is closed.
type countingBody struct {
	io.Reader

	read, closed int
}

func (c *countingBody) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read += n
	return n, err
}

func (c *countingBody) Close() error {
	c.closed++
	return nil
}

const api = "https://api.example.com"

func newTransport(c *cognito.Cognito, password string, base http.RoundTripper, opts ...cognito.TransportOption) *cognito.Transport {
	return cognito.NewTransport(c, password, append([]cognito.TransportOption{cognito.WithOrigins(api), cognito.WithBase(base)}, opts...)...)
}

func apiRequest(t *testing.T, method, target string, body io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, target, body)
	require.NoError(t, err)
	return req
}

// roundTrip sends req, which must succeed, and closes the answer.
func roundTrip(t *testing.T, rt http.RoundTripper, req *http.Request) int {
	t.Helper()
	resp, err := rt.RoundTrip(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode
}
