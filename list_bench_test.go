package cognito_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
)

const usersInPage = 60

// largePool answers ListUsers for a pool of so many users, without a network and always from the
// same text, so that what is measured is the client.
type largePool struct {
	users, pages int
	text         []byte
}

func newLargePool(users int) *largePool {
	page := make([]m, usersInPage)
	for i := range page {
		page[i] = m{
			"Username": fmt.Sprint("user", i), "Enabled": true, "UserStatus": "CONFIRMED", "UserCreateDate": 1.7e9,
			"Attributes": []m{pair("sub", "4320de44-0c1b-4e8e-b7c6-5f7a2f6b0d11"), pair("email", "user@example.com")},
		}
	}
	text, _ := json.Marshal(page) //nolint:errchkjson // plain values
	return &largePool{users: users, text: text}
}

func (p *largePool) RoundTrip(*http.Request) (*http.Response, error) {
	p.pages++
	next := fmt.Sprintf(`,"PaginationToken":"token%d"`, p.pages)
	if p.pages*usersInPage >= p.users {
		next, p.pages = "", 0
	}
	body := fmt.Sprintf(`{"Users":%s%s}`, p.text, next)
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}},
		Body: io.NopCloser(bytes.NewBufferString(body)),
	}, nil
}

func (p *largePool) client(tb testing.TB) *cognito.Cognito {
	tb.Helper()
	c, err := cognito.New(testPool, testClient, cognito.WithHTTPClient(&http.Client{Transport: p}),
		cognito.WithStaticCredentials("AKIDEXAMPLE", "secret", ""))
	require.NoError(tb, err)
	return c
}

// BenchmarkUsers shows that what a user costs does not depend on how many there are: allocs/user
// and B/user are what is allocated in all, live-B is what a range holds on to at most.
func BenchmarkUsers(b *testing.B) {
	for _, users := range []int{1_200, 12_000, 100_000} {
		b.Run(strconv.Itoa(users), func(b *testing.B) {
			c := newLargePool(users).client(b)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			seen, live := 0, uint64(0)
			for b.Loop() {
				n, most := rangeOver(b, c, users/4)
				seen, live = seen+n, max(live, most)
			}
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(seen), "allocs/user")
			b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(seen), "B/user")
			b.ReportMetric(float64(live), "live-B")
		})
	}
}

// rangeOver ranges over all users and returns how many there were, and by how much the heap had
// grown at most when it was looked at, once in so many users.
func rangeOver(tb testing.TB, c *cognito.Cognito, look int) (seen int, grown uint64) {
	tb.Helper()
	start := heap()
	for user, err := range c.Users(tb.Context()) {
		if err != nil || user.Username == "" {
			tb.Fatal(err)
		}
		if seen++; seen%look == 0 {
			if now := heap(); now > start {
				grown = max(grown, now-start)
			}
		}
	}
	return seen, grown
}

func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// Ranging over many users must not keep them: all of these would be some 20 MB. It is not parallel
// to others, since it looks at the whole heap.
func TestRangingOverManyUsersKeepsOnePage(t *testing.T) {
	c := newLargePool(30_000).client(t)
	seen, grown := rangeOver(t, c, 5_000)
	assert.Equal(t, 30_000, seen)
	assert.Less(t, grown, uint64(2<<20))
}
