package cognitotest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
)

// page lists users: their names, and the token for more.
func (f *fixture) page(in members) ([]string, any) {
	f.t.Helper()
	out := f.must("ListUsers", in)
	found := []string{}
	for _, u := range out["Users"].([]any) {
		found = append(found, u.(members)["Username"].(string))
	}
	return found, out["PaginationToken"]
}

// all lists users over all pages, and the pages' sizes.
func (f *fixture) all(in members) (found []string, sizes []int) {
	f.t.Helper()
	for {
		names, token := f.page(in)
		found, sizes = append(found, names...), append(sizes, len(names))
		if token == nil {
			return found, sizes
		}
		in["PaginationToken"] = token
	}
}

func (f *fixture) addUsers(n int) {
	for i := range n {
		f.AddUser(cognitotest.User{Username: fmt.Sprintf("user%04d", i)})
	}
}

func TestPagesOfUsers(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	f.addUsers(124)
	found, sizes := f.all(members{})
	assert.Equal(t, []int{60, 60, 5}, sizes)
	assert.Equal(t, "ana", found[0])
	assert.Len(t, slices.Compact(slices.Sorted(slices.Values(found))), 125)
	_, sizes = f.all(members{"Limit": 25})
	assert.Equal(t, []int{25, 25, 25, 25, 25}, sizes, "no token after a last page that is full")
	_, sizes = f.all(members{"Limit": 0})
	assert.Equal(t, []int{60, 60, 5}, sizes)
	for limit, problem := range map[int]string{61: "less than or equal to 60", -1: "greater than or equal to 0"} {
		f.refuses("ListUsers", members{"Limit": limit}, badParameter,
			"1 validation error detected: Value at 'limit' failed to satisfy constraint: Member must have value "+problem)
	}
}

func TestPagesStandChanges(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	f.addUsers(4)
	first, token := f.page(members{"Limit": 3})
	assert.Equal(t, []string{"ana", "user0000", "user0001"}, first)
	f.must("AdminDeleteUser", members{"Username": "user0001"})
	f.must("AdminDeleteUser", members{"Username": "user0002"})
	f.AddUser(cognitotest.User{Username: "late"})
	rest, token := f.page(members{"Limit": 3, "PaginationToken": token})
	assert.Equal(t, []string{"user0003", "late"}, rest)
	assert.Nil(t, token)
}

func TestPaginationTokens(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{Groups: []cognitotest.Group{{Name: "g"}}})
	f.addUsers(3)
	_, token := f.page(members{"Limit": 1})
	const invalid = "Invalid pagination token."
	for name, in := range map[string]members{
		"another filter":     {"Filter": `username ^= "u"`},
		"other attributes":   {"AttributesToGet": []string{"email"}},
		"a changed token":    {"PaginationToken": token.(string)[:30] + "AAAA" + token.(string)[34:]},
		"a shortened token":  {"PaginationToken": token.(string)[:20]},
		"no token at all":    {"PaginationToken": "next please"},
		"another operations": {"op": "ListUsersInGroup", "GroupName": "g", "NextToken": token},
	} {
		op, _ := in["op"].(string)
		if op == "" {
			op = "ListUsers"
		}
		if in["PaginationToken"] == nil {
			in["PaginationToken"] = token
		}
		_, err := f.call(op, in)
		require.Error(t, err, name)
		refused(t, err, badParameter, invalid)
	}
	f.Advance(59 * time.Minute)
	second, _ := f.page(members{"Limit": 2, "PaginationToken": token})
	assert.Equal(t, []string{"user0000", "user0001"}, second, "the limit may change, and a token is good twice")
	f.Advance(2 * time.Minute)
	f.refuses("ListUsers", members{"PaginationToken": token}, badParameter, invalid)
	other := newFixture(t, cognitotest.Config{})
	other.refuses("ListUsers", members{"PaginationToken": token}, badParameter, invalid)
}

func TestAttributesToGet(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	out := f.must("ListUsers", members{"AttributesToGet": []string{"email", "name"}})["Users"].([]any)[0].(members)
	assert.Equal(t, map[string]string{"email": "ana@example.com"}, byName(out["Attributes"]))
	assert.ElementsMatch(t, []string{"Username", "Attributes", "UserCreateDate", "UserLastModifiedDate", "Enabled", "UserStatus"}, names(out))
	f.refuses("ListUsers", members{"AttributesToGet": []string{"shoe_size"}}, badParameter, "One or more requested attributes do not exist.")
}

func TestFilters(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	f.AddUser(cognitotest.User{Username: "bob", Disabled: true, Attributes: map[string]string{"given_name": "Bob", "family_name": `O"Neil\`}})
	f.AddUser(cognitotest.User{Username: "Bert", Status: "UNCONFIRMED", Attributes: map[string]string{"given_name": "Bert", "phone_number": "+15550100"}})
	for text, want := range map[string][]string{
		"":                                {"ana", "bob", "Bert"},
		"  ":                              {"ana", "bob", "Bert"},
		`username = "bob"`:                {"bob"},
		`username="bob"`:                  {"bob"},
		` username  ^=  "b" `:             {"bob"},
		`username = "b"`:                  {},
		`username = "BOB"`:                {},
		`given_name ^= "B"`:               {"bob", "Bert"},
		`given_name ^= ""`:                {"ana", "bob", "Bert"},
		`family_name = "O\"Neil\\"`:       {"bob"},
		`email = "ana@example.com"`:       {"ana"},
		`phone_number ^= "+1"`:            {"Bert"},
		`sub = "` + sub + `"`:             {"ana"},
		`cognito:user_status="CONFIRMED"`: {"ana", "bob"},
		`cognito:user_status="confirmed"`: {"ana", "bob"},
		`status = "Disabled"`:             {"bob"},
		`status = "Enabled"`:              {"ana", "Bert"},
		`status = "enabled"`:              {},
	} {
		got, _ := f.page(members{"Filter": text})
		assert.Equal(t, want, got, text)
	}
	for text, problem := range map[string]string{
		`username`:                      "Error while parsing filter.",
		`username = bob`:                "Error while parsing filter.",
		`username = "bob`:               "Error while parsing filter.",
		`username = "b"ob"`:             "Error while parsing filter.",
		`username = "bob" and sub = ""`: "Error while parsing filter.",
		`username ~ "bob"`:              "Error while parsing filter.",
		`= "bob"`:                       "Error while parsing filter.",
		`user name = "bob"`:             "Error while parsing filter.",
		`username ^^= "bob"`:            "Error while parsing filter.",
		`username == "bob"`:             "Error while parsing filter.",
		`custom:team = "1"`:             "Invalid search attribute: custom:team",
		`nickname = "An"`:               "Invalid search attribute: nickname",
		`Username = "bob"`:              "Invalid search attribute: Username",
		strings.Repeat("x", 257):        "1 validation error detected: Value at 'filter' failed to satisfy constraint: Member must have length less than or equal to 256",
	} {
		f.refuses("ListUsers", members{"Filter": text}, badParameter, problem)
	}
}

// A page with a filter may be empty and not the last.
// Addresses are compared as the pool compares them, usernames as they are.
func TestFiltersAndCase(t *testing.T) {
	t.Parallel()
	for _, insensitive := range []bool{true, false} {
		f := newFixture(t, cognitotest.Config{CaseInsensitive: insensitive})
		for text, insensitiveToo := range map[string]bool{`email = "ANA@example.com"`: true, `email ^= "AN"`: true, `username = "ANA"`: false} {
			found, _ := f.page(members{"Filter": text})
			if insensitive && insensitiveToo {
				assert.Equal(t, []string{"ana"}, found, text)
			} else {
				assert.Empty(t, found, text)
			}
		}
	}
}

func TestFiltersHaveEmptyPages(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	f.addUsers(1300)
	found, sizes := f.all(members{"Filter": `username = "user1299"`})
	assert.Equal(t, []string{"user1299"}, found)
	assert.Equal(t, []int{0, 0, 1}, sizes)
}

// A hundred thousand users are added and found without looking at each for each.
func TestManyUsers(t *testing.T) {
	t.Parallel()
	srv := cognitotest.NewServer(cognitotest.Config{AliasAttributes: []string{"email"}})
	defer srv.Close()
	start := time.Now()
	for i := range 100_000 {
		srv.AddUser(cognitotest.User{Username: fmt.Sprint("user", i), Attributes: map[string]string{"email": fmt.Sprint(i, "@example.com"), "email_verified": "true"}})
		srv.Code(fmt.Sprint(i/2, "@example.com"))
	}
	assert.Less(t, time.Since(start), time.Minute)
}

// FuzzFilter: no filter upsets the server, and a value that is escaped finds exactly who has it.
func FuzzFilter(fuzz *testing.F) {
	for _, seed := range []string{`username = "bob"`, `name ^= "\""`, `\`, `"`, "x=\x00", "\x7f=\"\"", "ä", `status="Enabled"`, ``, `a\"b`, `a\\`} {
		fuzz.Add(seed)
	}
	srv := cognitotest.NewServer(cognitotest.Config{})
	fuzz.Cleanup(srv.Close)
	srv.AddUser(cognitotest.User{Username: "ana"})
	srv.AddUser(cognitotest.User{Username: "bob", Attributes: map[string]string{"name": "Bob"}})
	fuzz.Fuzz(func(t *testing.T, text string) {
		f := &fixture{Server: srv, t: t}
		if _, err := f.call("ListUsers", members{"Filter": text}); err != nil {
			require.ErrorContains(t, err, badParameter)
		}
		quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
		if !utf8.ValidString(text) || text == "" || len(quoted) > 200 {
			return
		}
		f.must("AdminUpdateUserAttributes", members{"Username": "ana", "UserAttributes": attributes("name", text)})
		found, _ := f.page(members{"Filter": "name = " + quoted})
		want := []string{"ana"}
		if text == "Bob" {
			want = append(want, "bob")
		}
		assert.Equal(t, want, found)
		found, _ = f.page(members{"Filter": "name^=" + quoted})
		assert.Contains(t, found, "ana")
	})
}
