// Package sdkhttp sends the AWS SDK's requests in a way that loses no response.
//
// The SDK closes the body of a request once the response has begun, and net/http may still be
// reading it. It then takes the request for one that it could not write, and closes the connection
// before the rest of the response is read: "use of closed network connection".
package sdkhttp

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
)

// WithOwnBody returns req with a copy of its body, which is in memory and which closing does not
// end. It returns req itself if it has no body or does not say how long the body is.
func WithOwnBody(req *http.Request) (*http.Request, error) {
	if req.Body == nil || req.ContentLength <= 0 {
		return req, nil
	}
	body := make([]byte, req.ContentLength)
	if _, err := io.ReadFull(req.Body, body); err != nil {
		return nil, fmt.Errorf("reading the body of the request: %w", err)
	}
	own := req.WithContext(req.Context())
	own.Body = io.NopCloser(bytes.NewReader(body))
	return own, nil
}

// Transport sends requests with [WithOwnBody].
type Transport struct {
	// Base sends the requests. If nil, it is [http.DefaultTransport].
	Base http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (t Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	own, err := WithOwnBody(req)
	if own != req {
		_ = req.Body.Close() // nobody reads it any more
	}
	if err != nil {
		return nil, err
	}
	return t.base().RoundTrip(own)
}

// CloseIdleConnections closes those of Base, for [http.Client.CloseIdleConnections].
func (t Transport) CloseIdleConnections() {
	if base, ok := t.base().(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}

func (t Transport) base() http.RoundTripper {
	if t.Base == nil {
		return http.DefaultTransport
	}
	return t.Base
}
