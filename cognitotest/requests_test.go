package cognitotest

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestRequestsAreBounded(t *testing.T) {
	t.Parallel()
	s := &Server{}
	request := httptest.NewRequestWithContext(t.Context(), "GET", "/first", nil)
	s.record(request, nil)
	request.URL.Path = "/other"
	for range maxRequests {
		s.record(request, nil)
	}
	assert.Len(t, s.requests, maxRequests)
	assert.Equal(t, "/other", s.requests[0].Op)
}

// A connection that nobody uses ends, but not in a bubble, where time leaps to the next timer.
func TestIdleConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	for inMemory, want := range map[bool]time.Duration{false: maxIdle, true: 0} {
		s := NewServer(Config{InMemory: inMemory})
		assert.Equal(t, want, s.http.IdleTimeout)
		assert.Zero(t, s.http.ReadTimeout, "it would be the one of idle connections, too")
		s.Close()
	}
}
