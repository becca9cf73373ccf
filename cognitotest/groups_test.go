package cognitotest_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gocognito/cognito/cognitotest"
)

const role = "arn:aws:iam::123456789012:role/"

func TestGroups(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	created := f.must("CreateGroup", members{"GroupName": "staff", "Description": "All", "RoleArn": role + "staff", "Precedence": 0})["Group"].(members)
	assert.Equal(t, "staff", created["GroupName"])
	assert.Equal(t, f.UserPoolID, created["UserPoolId"])
	assert.EqualValues(t, 0, created["Precedence"])
	assert.InDelta(t, f.Now().UnixMilli(), created["CreationDate"].(float64)*1000, 60_000)
	f.refuses("CreateGroup", members{"GroupName": "staff"}, "GroupExistsException", "A group with the name already exists.")
	updated := f.must("UpdateGroup", members{"GroupName": "staff", "Precedence": 5})["Group"].(members)
	assert.EqualValues(t, 5, updated["Precedence"])
	assert.Equal(t, "All", updated["Description"])
	assert.Equal(t, updated, f.must("GetGroup", members{"GroupName": "staff"})["Group"])

	bare := f.must("CreateGroup", members{"GroupName": "bare"})["Group"].(members)
	assert.NotContains(t, bare, "Precedence")
	for _, op := range []string{"GetGroup", "UpdateGroup", "DeleteGroup", "AdminAddUserToGroup", "AdminRemoveUserFromGroup", "ListUsersInGroup"} {
		f.refuses(op, members{"GroupName": "nobodies", "Username": "ana"}, "ResourceNotFoundException", "Group not found.")
	}
	f.refuses("CreateGroup", members{"GroupName": "g", "Precedence": -1, "RoleArn": "short"}, badParameter,
		"3 validation errors detected: Value at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20; "+
			`Value at 'roleArn' failed to satisfy constraint: Member must satisfy regular expression pattern: `+
			`arn:[\w+=/,.@-]+:[\w+=/,.@-]+:([\w+=/,.@-]*)?:[0-9]+:[\w+=/,.@-]+(:[\w+=/,.@-]+)?(:[\w+=/,.@-]+)?; `+
			"Value at 'precedence' failed to satisfy constraint: Member must have value greater than or equal to 0")

	f.refuses("CreateGroup", members{"GroupName": "two words"}, badParameter,
		`1 validation error detected: Value at 'groupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+`)

	f.must("AdminAddUserToGroup", members{"GroupName": "staff", "Username": "ana"})
	f.must("AdminAddUserToGroup", members{"GroupName": "staff", "Username": "ana"})
	in := f.must("ListUsersInGroup", members{"GroupName": "staff"})["Users"].([]any)
	assert.Len(t, in, 1)
	assert.Equal(t, "ana", in[0].(members)["Username"])
	assert.Equal(t, []any{"staff"}, claims(t, f.session())["cognito:groups"], "once")
	f.must("AdminRemoveUserFromGroup", members{"GroupName": "staff", "Username": "ana"})
	assert.Empty(t, f.must("ListUsersInGroup", members{"GroupName": "staff"})["Users"])
	f.must("AdminAddUserToGroup", members{"GroupName": "staff", "Username": "ana"})
	f.must("DeleteGroup", members{"GroupName": "staff"})
	f.must("CreateGroup", members{"GroupName": "staff"})
	assert.Empty(t, f.must("AdminListGroupsForUser", members{"Username": "ana"})["Groups"])
	assert.NotContains(t, claims(t, f.session()), "cognito:groups", "a new group of that name is another one")
}

func TestGroupsInTokens(t *testing.T) {
	t.Parallel()
	at := func(n int) *int { return &n }
	for _, tt := range []struct {
		name      string
		groups    []cognitotest.Group
		order     []any
		roles     []any
		preferred any
	}{
		{"the lowest first", []cognitotest.Group{
			{Name: "a", RoleARN: role + "a"}, {Name: "b", RoleARN: role + "b", Precedence: at(2)}, {Name: "c", RoleARN: role + "c", Precedence: at(1)},
		}, []any{"c", "b", "a"}, []any{role + "c", role + "b", role + "a"}, role + "c"},
		{"two roles at the lowest", []cognitotest.Group{
			{Name: "a", RoleARN: role + "a", Precedence: at(0)}, {Name: "b", RoleARN: role + "b", Precedence: at(0)}, {Name: "c"},
		}, []any{"a", "b", "c"}, []any{role + "a", role + "b"}, nil},
		{"one role at the lowest", []cognitotest.Group{
			{Name: "a", RoleARN: role + "a", Precedence: at(0)}, {Name: "b", RoleARN: role + "a", Precedence: at(0)}, {Name: "c", RoleARN: role + "c", Precedence: at(9)},
		}, []any{"a", "b", "c"}, []any{role + "a", role + "c"}, role + "a"},
		{"no roles", []cognitotest.Group{{Name: "b"}, {Name: "a"}, {Name: "c"}}, []any{"a", "b", "c"}, nil, nil},
	} {
		f := newFixture(t, cognitotest.Config{Groups: tt.groups})
		f.AddUser(cognitotest.User{Username: "bob", Password: password, Groups: []string{"c", "b", "a"}})
		id := claims(t, f.Token("bob", cognitotest.TokenOptions{Use: "id"}))
		assert.Equal(t, tt.order, id["cognito:groups"], tt.name)
		if tt.roles == nil {
			assert.NotContains(t, id, "cognito:roles", tt.name)
		} else {
			assert.Equal(t, tt.roles, id["cognito:roles"], tt.name)
		}
		assert.Equal(t, tt.preferred, id["cognito:preferred_role"], tt.name)
		access := claims(t, f.Token("bob", cognitotest.TokenOptions{}))
		assert.Equal(t, tt.order, access["cognito:groups"], tt.name)
		assert.NotContains(t, access, "cognito:roles", tt.name)
		assert.NotContains(t, claims(t, f.Token("ana", cognitotest.TokenOptions{})), "cognito:groups", tt.name)
	}
}

func TestPagesOfGroups(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	for i := range 5 {
		f.must("CreateGroup", members{"GroupName": fmt.Sprint("g", i)})
		f.must("AdminAddUserToGroup", members{"GroupName": fmt.Sprint("g", i), "Username": "ana"})
	}
	for op, in := range map[string]members{"ListGroups": {}, "AdminListGroupsForUser": {"Username": "ana"}} {
		var got []any
		sizes := []int{}
		in["Limit"] = 2
		for {
			out := f.must(op, in)
			sizes = append(sizes, len(out["Groups"].([]any)))
			for _, g := range out["Groups"].([]any) {
				got = append(got, g.(members)["GroupName"])
			}
			if out["NextToken"] == nil {
				break
			}
			in["NextToken"] = out["NextToken"]
		}
		assert.Equal(t, []any{"g0", "g1", "g2", "g3", "g4"}, got, op)
		assert.Equal(t, []int{2, 2, 1}, sizes, op)
	}
}
