package cognito

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
)

const (
	maxPageSize = 60  // of every list operation
	maxFilter   = 256 // characters in a filter
)

// listOptions are the options of lists. A zero field means the option was not given.
type listOptions struct {
	limit    int
	pageSize int
	filter   string
	selected []string
}

// Limit ends a list after n elements, whatever the size of its pages. n must be at least 1.
func Limit(n int) CallOption {
	return callOption(func(o *callOptions) {
		o.given = append(o.given, optLimit)
		if n < 1 {
			o.refuse(optLimit, fmt.Sprintf("want at least 1, got %d", n))
		}
		o.list.limit = n
	})
}

// PageSize requests pages of n elements, from 1 to 60. It changes the number of requests that a
// list makes, not its elements. By default the service chooses the size.
func PageSize(n int) CallOption {
	return callOption(func(o *callOptions) {
		o.given = append(o.given, optPageSize)
		if n < 1 || n > maxPageSize {
			o.refuse(optPageSize, fmt.Sprintf("want 1 to %d, got %d", maxPageSize, n))
		}
		o.list.pageSize = n
	})
}

// FilterEquals lists only users whose attribute attr equals value. attr must be an attribute that
// the service can search by: username, email, phone_number, name, given_name, family_name,
// preferred_username, sub, cognito:user_status or status ("Enabled", "Disabled"). A list takes one
// filter. Other attributes are rejected before a request is made. value may contain any characters.
// The whole filter, including the attribute's name and escapes, has at most 256 characters.
func FilterEquals(attr, value string) CallOption { return filter(attr, "=", value) }

// FilterPrefix lists only users whose attribute attr begins with prefix. See [FilterEquals] for the
// attributes.
func FilterPrefix(attr, prefix string) CallOption { return filter(attr, "^=", prefix) }

// SelectAttributes returns only the named attributes of each user. names are the names in the pool;
// at least one is required. The service fails if a user has no value for an attribute that is not
// searchable, such as a custom one. By default all attributes are returned.
func SelectAttributes(names ...string) CallOption {
	names = slices.Clone(names)
	return callOption(func(o *callOptions) {
		o.given = append(o.given, optSelectAttributes)
		if len(names) == 0 || slices.Contains(names, "") {
			o.refuse(optSelectAttributes,
				"want at least one name, and none empty; without the option all attributes are returned")
		}
		o.list.selected = names
	})
}

// searchable are the attributes that the service can filter by.
var searchable = []string{
	"username", "email", "phone_number", "name", "given_name", "family_name", "preferred_username", "sub",
	"cognito:user_status", "status",
}

// filterEscaper escapes text for a quoted value.
var filterEscaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

func filter(attr, op, value string) CallOption {
	return callOption(func(o *callOptions) {
		text := attr + " " + op + ` "` + filterEscaper.Replace(value) + `"`
		switch {
		case slices.Contains(o.given, optFilter):
			o.refuse(optFilter, "want at most one filter: the service searches by one attribute at a time")
		case strings.HasPrefix(attr, customPrefix):
			o.refuse(optFilter, "the service cannot search by custom attributes, got "+quote(attr)+
				"; range over all users and compare, or store the value in a standard attribute")
		case !slices.Contains(searchable, attr):
			o.refuse(optFilter, fmt.Sprintf("want one of the searchable attributes %v, got %s",
				searchable, quote(attr)))
		case utf8.RuneCountInString(text) > maxFilter:
			o.refuse(optFilter, fmt.Sprintf("want at most %d characters with the attribute's name and escapes, got %d",
				maxFilter, utf8.RuneCountInString(text)))
		}
		o.given = append(o.given, optFilter)
		o.list.filter = text
	})
}

// page is one page of a list, and the token of the next page.
type page[T any] struct {
	items []T
	next  *string
}

// fetchPage requests the page of a list that token identifies. The first page has no token. size is
// the number of elements wanted; the service chooses it if size is nil.
type fetchPage[T any] func(ctx context.Context, token *string, size *int32) (page[T], error)

// pages ranges over the elements of all pages of a list. It keeps only one page in memory. Each
// range starts from the beginning.
func pages[T any](ctx context.Context, o listOptions, fetch fetchPage[T]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		var loop loopGuard
		var token *string
		for left := o.limit; ; {
			got, err := fetch(ctx, token, o.size(left))
			if err != nil {
				yield(none, err)
				return
			}
			for _, item := range got.items {
				if !yield(item, nil) {
					return
				}
				if left--; left == 0 { // without a limit, left starts at 0 and never returns to it
					return
				}
			}
			token = got.next
			if aws.ToString(token) == "" {
				return
			}
			if loop.repeated(*token) {
				yield(none, errors.New("the service's answer: want a new pagination token, got an earlier one again"))
				return
			}
		}
	}
}

// size returns the page size to request when left elements are wanted; 0 or less means all. It
// returns nil to let the service choose.
func (o listOptions) size(left int) *int32 {
	size := o.pageSize
	if left > 0 {
		if size == 0 {
			size = maxPageSize
		}
		size = min(size, left)
	}
	if size == 0 {
		return nil
	}
	return aws.Int32(int32(size)) //nolint:gosec // at most maxPageSize
}

// loopGuard detects that a sequence of tokens repeats, whatever the length of the cycle. It uses
// Brent's algorithm, which keeps only one token, so that a long list uses no more memory.
type loopGuard struct {
	kept         string
	steps, until int
}

func (g *loopGuard) repeated(token string) bool {
	if token == g.kept {
		return true
	}
	if g.steps == g.until {
		g.kept, g.steps, g.until = token, 0, 2*g.until+1
		return false
	}
	g.steps++
	return false
}

// mapped returns list with convert applied to each element. The first error ends it.
func mapped[From, To any](list iter.Seq2[From, error], convert func(From) (To, error)) iter.Seq2[To, error] {
	return func(yield func(To, error) bool) {
		for item, err := range list {
			var to To
			if err == nil {
				to, err = convert(item)
			}
			if !yield(to, err) || err != nil {
				return
			}
		}
	}
}

// wrapErrors returns list with the method op added to its error.
func wrapErrors[T any](op string, list iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for item, err := range list {
			if !yield(item, wrapError(op, err)) {
				return
			}
		}
	}
}

// collect returns all elements of list, or nil if it is empty.
func collect[T any](list iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for item, err := range list {
		if err != nil {
			return nil, err
		}
		all = append(all, item)
	}
	return all, nil
}

// failed returns a list that only yields err.
func failed[T any](err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		yield(none, err)
	}
}
