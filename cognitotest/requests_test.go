package cognitotest

import (
	"net/http/httptest"
	"testing"

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
