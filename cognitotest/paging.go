package cognitotest

import (
	"cmp"
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
	"time"
)

const (
	maxPage       = 60 // and what a page has when nothing is said
	tokenValidity = time.Hour
	maxScan       = 10 * maxPage // users that a filter is tried on for one page
)

// query identifies what a pagination token is valid for: one operation with the same members.
func query(op string, members ...string) string { return op + "\x00" + strings.Join(members, "\x00") }

// page is a request for part of a list.
type page struct {
	query string
	token string
	limit int
	scan  int // how many are looked at for one page, or 0 for no bound
}

// newPage returns the page of a request. The limit and the token may be missing.
func newPage(limit *int, token *string, op string, members ...string) page {
	pg := page{query: query(op, members...), limit: maxPage}
	if limit != nil && *limit > 0 {
		pg.limit = *limit
	}
	if token != nil {
		pg.token = *token
	}
	return pg
}

// nextPage holds the paging members of most requests.
type nextPage struct {
	Limit     *int
	NextToken *string
}

func (n nextPage) page(op string, members ...string) page {
	return newPage(n.Limit, n.NextToken, op, members...)
}

// nextResults holds the paging members of requests that call the limit MaxResults.
type nextResults struct {
	MaxResults *int
	NextToken  *string
}

func (n nextResults) page(op string) page { return newPage(n.MaxResults, n.NextToken, op) }

// pager creates and reads tokens. It is a pool, or the service for lists that belong to no pool.
type pager interface {
	now() time.Time
	stable(purpose, text string) []byte
}

// cut returns a page of a list, which is in the order of the serials: the items that keep accepts
// after the token. It also returns the token for the next page, or "" after the last one. As with
// the service, an empty page may or may not be the last one.
func cut[T any](p pager, pg page, list []T, serial func(T) int64, keep func(T) bool) ([]T, string, error) {
	after, err := readToken(p, pg.query, pg.token)
	if err != nil {
		return nil, "", err
	}
	i, found := slices.BinarySearchFunc(list, after,
		func(item T, after int64) int { return cmp.Compare(serial(item), after) })
	if found {
		i++
	}
	items := []T{}
	for seen := 1; i < len(list); seen, i = seen+1, i+1 {
		if keep(list[i]) {
			items = append(items, list[i])
		}
		if (len(items) == pg.limit || seen == pg.scan) && i+1 < len(list) {
			return items, newToken(p, pg.query, serial(list[i])), nil
		}
	}
	return items, "", nil
}

// newToken returns a token that continues after serial.
func newToken(p pager, query string, serial int64) string {
	expires := p.now().Add(tokenValidity).Unix()
	token := binary.BigEndian.AppendUint64(nil, uint64(serial))   //nolint:gosec // it is never negative
	token = binary.BigEndian.AppendUint64(token, uint64(expires)) //nolint:gosec // it is never negative
	return base64.StdEncoding.EncodeToString(append(token, p.stable("page", query+"\x00"+string(token))...))
}

// readToken returns the serial after which a token continues, or 0 for no token.
func readToken(p pager, query, token string) (int64, error) {
	if token == "" {
		return 0, nil
	}
	raw, err := base64.StdEncoding.DecodeString(token)
	const size = 16
	if err != nil || len(raw) < size || !hmac.Equal(raw[size:], p.stable("page", query+"\x00"+string(raw[:size]))) {
		return 0, errPageToken
	}
	//nolint:gosec // newToken made it from an int64
	if p.now().Unix() > int64(binary.BigEndian.Uint64(raw[8:])) {
		return 0, errPageToken
	}
	return int64(binary.BigEndian.Uint64(raw)), nil //nolint:gosec // it was made from an int64
}
