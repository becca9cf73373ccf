package sdkhttp_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/internal/sdkhttp"
)

// roundTripper is a transport of one function, which counts how often it was told to close.
type roundTripper struct {
	send   func(*http.Request) (*http.Response, error)
	closed int
}

func (r *roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return r.send(req) }

func (r *roundTripper) CloseIdleConnections() { r.closed++ }

// body is the body of a request that says whether it was closed.
type body struct {
	io.Reader

	closed bool
}

func (b *body) Close() error {
	b.closed = true
	b.Reader = iotest.ErrReader(http.ErrBodyReadAfterClose)
	return nil
}

// What is sent can be read after the caller's body was closed, and the caller's request stays as it
// was.
func TestTransport(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		length int64
		copied bool
	}{"a body in memory": {5, true}, "a stream": {-1, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := &body{Reader: strings.NewReader("hello")}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://a.invalid", own)
			require.NoError(t, err)
			req.ContentLength = tt.length
			var read []byte
			base := &roundTripper{send: func(sent *http.Request) (*http.Response, error) {
				assert.Equal(t, tt.copied, own.closed)
				var err error
				read, err = io.ReadAll(sent.Body)
				return &http.Response{Body: http.NoBody}, err
			}}
			resp, err := sdkhttp.Transport{Base: base}.RoundTrip(req)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			assert.Equal(t, "hello", string(read))
			assert.Same(t, own, req.Body)
		})
	}
}

func TestTransportWithoutABody(t *testing.T) {
	t.Parallel()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://a.invalid", http.NoBody)
	require.NoError(t, err)
	req.Body = nil
	base := &roundTripper{send: func(sent *http.Request) (*http.Response, error) {
		assert.Same(t, req, sent)
		return &http.Response{Body: http.NoBody}, nil
	}}
	client := &http.Client{Transport: sdkhttp.Transport{Base: base}}
	resp, err := client.Transport.RoundTrip(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	client.CloseIdleConnections()
	assert.Equal(t, 1, base.closed)
}

// A body that cannot be read is closed, and nothing is sent.
func TestTransportWithABrokenBody(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, reader := range map[string]io.Reader{"fails": iotest.ErrReader(broken), "is short": strings.NewReader("hell")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := &body{Reader: reader}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://a.invalid", own)
			require.NoError(t, err)
			req.ContentLength = 5
			base := &roundTripper{send: func(*http.Request) (*http.Response, error) {
				t.Error("sent")
				return nil, broken
			}}
			_, err = sdkhttp.Transport{Base: base}.RoundTrip(req) //nolint:bodyclose // there is no response
			require.ErrorContains(t, err, "reading the body of the request")
			assert.True(t, own.closed)
		})
	}
}
