package cognito_test

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// manyUsers is a pool with n users more than bob, and a client with AWS credentials.
func manyUsers(t *testing.T, n int) (*cognitotest.Server, *cognito.Cognito) {
	t.Helper()
	srv := newServer(t, cognitotest.Config{})
	for i := range n {
		srv.AddUser(cognitotest.User{Username: fmt.Sprintf("user%04d", i), Attributes: m2("email", fmt.Sprintf("user%04d@example.com", i))})
	}
	return srv, newAdmin(t, srv)
}

// pages answers requests with the given pages in turn, and then with the last one for ever.
func pages(srv *cognitotest.Server, bodies ...string) {
	at := 0
	srv.Intercept(func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_, _ = w.Write([]byte(bodies[min(at, len(bodies)-1)]))
		at++
		return true
	})
}

// pycognito's get_groups returns the first page only.
func TestListsReadAllPages(t *testing.T) {
	t.Parallel()
	srv, c := manyUsers(t, 130)
	for i := range 70 {
		_, err := c.CreateGroup(t.Context(), cognito.Group{Name: fmt.Sprintf("group%02d", i)})
		require.NoError(t, err)
		require.NoError(t, c.AdminAddUserToGroup(t.Context(), "bob", fmt.Sprintf("group%02d", i)))
	}
	users, err := c.GetUsers(t.Context())
	require.NoError(t, err)
	assert.Len(t, users, 131)
	groups, err := c.GetGroups(t.Context())
	require.NoError(t, err)
	assert.Len(t, groups, 71)
	groups, err = c.AdminListGroupsForUser(t.Context(), "bob", cognito.PageSize(7))
	require.NoError(t, err)
	assert.Len(t, groups, 71)

	users = nil
	for i := range 65 {
		require.NoError(t, c.AdminAddUserToGroup(t.Context(), fmt.Sprintf("user%04d", i), "readers"))
	}
	for user, err := range c.UsersInGroup(t.Context(), "readers") {
		require.NoError(t, err)
		users = append(users, user)
	}
	assert.Len(t, users, 66)
	assert.NotEmpty(t, srv.Requests())
}

func TestUsersIsLazyAndStartsAnew(t *testing.T) {
	t.Parallel()
	srv, c := manyUsers(t, 20)
	list := c.Users(t.Context(), cognito.PageSize(5))
	assert.Empty(t, srv.Requests(), "nothing is fetched before the range")
	for range 2 {
		before, seen := len(srv.Requests()), 0
		for user, err := range list {
			require.NoError(t, err)
			require.NotNil(t, user)
			if seen++; seen == 7 {
				break
			}
		}
		assert.Len(t, srv.Requests(), before+2, "the pages come when they are needed")
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	srv, c := manyUsers(t, 130)
	for limit, sizes := range map[int][]any{1: {1.0}, 60: {60.0}, 61: {60.0, 1.0}, 125: {60.0, 60.0, 5.0}, 1000: {60.0, 60.0, 60.0}} {
		before := len(srv.Requests())
		users, err := c.GetUsers(t.Context(), cognito.Limit(limit))
		require.NoError(t, err)
		assert.Len(t, users, min(limit, 131))
		var asked []any
		last := ""
		for _, r := range srv.Requests()[before:] {
			// A connection that breaks on a busy machine makes the SDK send a page's request again,
			// under one ID.
			if id := r.Header.Get("Amz-Sdk-Invocation-Id"); id != last {
				last, asked = id, append(asked, r.Body["Limit"])
			}
		}
		assert.Equal(t, sizes, asked, limit)
	}
	users, err := c.GetUsers(t.Context(), cognito.Limit(7), cognito.PageSize(5))
	require.NoError(t, err)
	assert.Len(t, users, 7)
}

func TestListsGoOnOverEmptyPages(t *testing.T) {
	t.Parallel()
	srv, c := manyUsers(t, 0)
	pages(srv, `{"Users":[],"PaginationToken":"a"}`, `{"PaginationToken":"b"}`, `{"Users":[{"Username":"x"}],"PaginationToken":"c"}`, `{"Users":[]}`)
	users, err := c.GetUsers(t.Context())
	require.NoError(t, err)
	require.Len(t, users, 1)
	assert.Equal(t, "x", users[0].Username)
}

func TestARepeatedTokenEndsAList(t *testing.T) {
	t.Parallel()
	srv, c := manyUsers(t, 0)
	page := func(token string) string {
		return fmt.Sprintf(`{"Users":[{"Username":"x"}],"PaginationToken":%q}`, token)
	}
	for name, circle := range map[string][]string{"itself": {"a"}, "two": {"a", "b"}, "late": {"a", "b", "c", "d", "e"}} {
		at := 0
		srv.Intercept(func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			_, _ = w.Write([]byte(page(circle[at%len(circle)])))
			at++
			return true
		})
		_, err := c.GetUsers(t.Context())
		require.ErrorContains(t, err, "pagination token", name)
		assert.Less(t, at, 30, name)
	}
}

func TestAListEndsAtItsFirstError(t *testing.T) {
	t.Parallel()
	srv, c := manyUsers(t, 0)
	requests := 0
	srv.Intercept(func(w http.ResponseWriter, _ *http.Request) bool {
		if requests++; requests == 1 {
			_, _ = w.Write([]byte(`{"Users":[{"Username":"x"}],"PaginationToken":"a"}`))
			return true
		}
		w.Header().Set("X-Amzn-ErrorType", "NotAuthorizedException")
		w.WriteHeader(http.StatusBadRequest)
		return true
	})
	var names []string
	var errs []error
	for user, err := range c.Users(t.Context()) {
		if err != nil {
			assert.Nil(t, user)
			errs = append(errs, err)
			continue
		}
		names = append(names, user.Username)
	}
	assert.Equal(t, []string{"x"}, names)
	require.Len(t, errs, 1)
	require.ErrorContains(t, errs[0], "cognito: Users: ListUsers: NotAuthorizedException")
	assert.Equal(t, 2, requests)
}

func TestAListEndsWithItsContext(t *testing.T) {
	t.Parallel()
	_, c := manyUsers(t, 20)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	seen := 0
	var last error
	for _, err := range c.Users(ctx, cognito.PageSize(5)) {
		if last = err; err == nil {
			if seen++; seen == 5 {
				cancel()
			}
		}
	}
	assert.Equal(t, 5, seen)
	require.ErrorIs(t, last, context.Canceled)
}

func TestFilters(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	odd := `a"b\c" or "` // must stay one value
	for i, name := range []string{odd, `a"b\c`, "plain", "plan", `end\`} {
		srv.AddUser(cognitotest.User{Username: fmt.Sprint("u", i), Attributes: m2("name", name)})
	}
	c := newAdmin(t, srv)
	tests := []struct {
		filter cognito.CallOption
		want   []string
	}{
		{cognito.FilterEquals("name", odd), []string{"u0"}},
		{cognito.FilterEquals("name", `a"b\c`), []string{"u1"}},
		{cognito.FilterPrefix("name", `a"b\c`), []string{"u0", "u1"}},
		{cognito.FilterEquals("name", `end\`), []string{"u4"}},
		{cognito.FilterPrefix("name", "pla"), []string{"u2", "u3"}},
		{cognito.FilterEquals("username", "bob"), []string{"bob"}},
		{cognito.FilterEquals("email", "nobody@example.com"), nil},
		{cognito.FilterEquals("cognito:user_status", "CONFIRMED"), []string{"bob", "u0", "u1", "u2", "u3", "u4"}},
	}
	for _, tt := range tests {
		users, err := c.GetUsers(t.Context(), tt.filter)
		require.NoError(t, err)
		var names []string
		for _, user := range users {
			names = append(names, user.Username)
		}
		assert.ElementsMatch(t, tt.want, names)
	}
}

func TestBadListOptionsAreRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	srv, c := manyUsers(t, 0)
	tests := map[string]struct {
		opts []cognito.CallOption
		want string
	}{
		"custom attribute":   {[]cognito.CallOption{cognito.FilterEquals("custom:team", "x")}, "cannot search by custom attributes"},
		"other attribute":    {[]cognito.CallOption{cognito.FilterPrefix("nickname", "x")}, "option Filter: want one of"},
		"injected attribute": {[]cognito.CallOption{cognito.FilterEquals(`email = "x" or name`, "x")}, "option Filter: want one of"},
		"two filters":        {[]cognito.CallOption{cognito.FilterEquals("name", "x"), cognito.FilterEquals("email", "y")}, "one attribute at a time"},
		"long filter":        {[]cognito.CallOption{cognito.FilterEquals("name", strings.Repeat("é", 248))}, "at most 256 characters with the attribute's name and escapes, got 257"},
		"limit":              {[]cognito.CallOption{cognito.Limit(0)}, "option Limit: want at least 1, got 0"},
		"page size":          {[]cognito.CallOption{cognito.PageSize(0)}, "option PageSize: want 1 to 60, got 0"},
		"large page size":    {[]cognito.CallOption{cognito.PageSize(61)}, "got 61"},
		"no attributes":      {[]cognito.CallOption{cognito.SelectAttributes()}, "SelectAttributes: want at least one"},
		"empty attribute":    {[]cognito.CallOption{cognito.SelectAttributes("email", "")}, "SelectAttributes"},
		"other option":       {[]cognito.CallOption{cognito.ClientMetadata{}}, "option ClientMetadata: this call takes only"},
		"temporary password": {[]cognito.CallOption{cognito.TemporaryPassword("x")}, "option TemporaryPassword"},
		"context data":       {[]cognito.CallOption{cognito.ContextData{}}, "option ContextData"},
	}
	for name, tt := range tests {
		_, err := c.GetUsers(t.Context(), tt.opts...)
		require.ErrorContains(t, err, tt.want, name)
		require.ErrorContains(t, last(c.Users(t.Context(), tt.opts...)), "cognito: Users: ", name)
	}
	require.ErrorContains(t, last(c.Groups(t.Context(), cognito.FilterEquals("name", "x"))), "option Filter")
	require.ErrorContains(t, last(c.UsersInGroup(t.Context(), "g", cognito.SelectAttributes("email"))), "option SelectAttributes")
	require.ErrorContains(t, last(c.UsersInGroup(t.Context(), "")), "group")
	require.ErrorContains(t, last(c.GroupsForUser(t.Context(), "")), "username")
	require.ErrorContains(t, last(c.IdentityProviders(t.Context(), cognito.ClientMetadata{})), "option ClientMetadata")
	require.ErrorContains(t, last(c.UserPoolClients(t.Context(), cognito.ClientMetadata{})), "option ClientMetadata")
	_, err := c.AdminCreateUser(t.Context(), "x", nil, cognito.MessageAction(""), cognito.DeliveryMediums(), cognito.Limit(1))
	require.ErrorContains(t, err, "option Limit")
	_, err = c.AdminCreateUser(t.Context(), "x", nil, cognito.MessageAction(""), cognito.DeliveryMediums())
	require.ErrorContains(t, err, "option MessageAction")
	require.ErrorContains(t, err, "option DeliveryMediums")
	assert.Empty(t, srv.Requests())

	longest := cognito.FilterEquals("name", strings.Repeat("é", 247))
	_, err = c.GetUsers(t.Context(), longest)
	require.NoError(t, err)
}

// Every list has two forms: an iterator under the name of what is in it, and a slice under the name of the service's
// operation.
func TestFormsOfLists(t *testing.T) {
	t.Parallel()
	slices := map[string]string{ // of iterators that are not "X" for "ListX", or "AdminX" for "AdminListX"
		"GroupsForUser":           "AdminListGroupsForUser",
		"AdminListUserAuthEvents": "", // an iterator only: a user may have very many
	}
	answers := map[string]string{
		"ListUsers": `{"Users":[{"Username":"a"},{"Username":"b"}]}`, "ListUsersInGroup": `{"Users":[{"Username":"a"},{"Username":"b"}]}`,
		"ListGroups": `{"Groups":[{"GroupName":"a"},{"GroupName":"b"}]}`, "AdminListGroupsForUser": `{"Groups":[{"GroupName":"a"},{"GroupName":"b"}]}`,
		"ListDevices": `{"Devices":[{"DeviceKey":"a"},{"DeviceKey":"b"}]}`, "AdminListDevices": `{"Devices":[{"DeviceKey":"a"},{"DeviceKey":"b"}]}`,
		"ListIdentityProviders":   `{"Providers":[{"ProviderName":"a"},{"ProviderName":"b"}]}`,
		"ListUserPoolClients":     `{"UserPoolClients":[{"ClientId":"a"},{"ClientId":"b"}]}`,
		"ListWebAuthnCredentials": `{"Credentials":[{"CredentialId":"a"},{"CredentialId":"b"}]}`,
	}
	srv := newServer(t, cognitotest.Config{})
	c := newAdmin(t, srv, cognito.WithUsername("bob"), cognito.WithClientOptions(noBackoff))
	require.NoError(t, c.Authenticate(t.Context(), testPassword))
	call := func(name string) reflect.Value {
		method := reflect.ValueOf(c).MethodByName(name)
		require.True(t, method.IsValid(), "there is no %s", name)
		args := []reflect.Value{reflect.ValueOf(t.Context())}
		for range method.Type().NumIn() - 2 {
			args = append(args, reflect.ValueOf("bob"))
		}
		results := method.Call(args)
		if len(results) == 2 {
			err, _ := reflect.TypeAssert[error](results[1])
			if err != nil {
				require.ErrorContains(t, err, "cognito: "+name+": ")
				assert.True(t, results[0].IsNil(), name)
				return results[1]
			}
		}
		return results[0]
	}
	lists := 0
	for method := range reflect.TypeFor[*cognito.Cognito]().Methods() {
		if method.Type.NumOut() != 1 || method.Type.Out(0).Kind() != reflect.Func || !method.Type.Out(0).CanSeq2() {
			continue
		}
		name, known := slices[method.Name]
		switch {
		case known && name == "":
			continue
		case !known && strings.HasPrefix(method.Name, "Admin"):
			name = "AdminList" + strings.TrimPrefix(method.Name, "Admin")
		case !known:
			name = "List" + method.Name
		}
		lists++
		require.Contains(t, answers, name)
		answerWith(srv, answers)
		slice := call(name)
		require.Equal(t, reflect.Slice, slice.Kind(), name)
		require.Equal(t, 2, slice.Len(), name)
		at := 0
		for item := range call(method.Name).Seq2() {
			assert.Equal(t, slice.Index(at).Interface(), item.Interface(), name)
			at++
		}
		assert.Equal(t, 2, at, method.Name)

		answerWith(srv, map[string]string{name: "{}"})
		assert.True(t, call(name).IsNil(), "%s of none", name)
		answerWith(srv, map[string]string{name: "!LimitExceededException"})
		err, _ := reflect.TypeAssert[error](call(name))
		require.ErrorIs(t, err, cognito.ErrLimitExceeded, name)
	}
	assert.Equal(t, len(answers), lists)
}
