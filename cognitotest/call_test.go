package cognitotest_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
)

// members are those of an input or an output.
type members = map[string]any

// call calls an operation with a signature that nobody checks, and the pool's ID.
func (f *fixture) call(op string, in members) (members, error) {
	f.t.Helper()
	in["UserPoolId"] = f.UserPoolID
	request, err := json.Marshal(in)
	require.NoError(f.t, err)
	resp, body := post(f.t, f, target+op, string(request), map[string]string{"Authorization": "AWS4-HMAC-SHA256 Credential=x"})
	out := members{}
	if body == "" {
		return out, nil
	}
	require.NoError(f.t, json.Unmarshal([]byte(body), &out))
	if resp.StatusCode != http.StatusOK {
		return nil, &smithy.GenericAPIError{Code: out["__type"].(string), Message: out["message"].(string)}
	}
	return out, nil
}

// must is call for what succeeds.
func (f *fixture) must(op string, in members) members {
	f.t.Helper()
	out, err := f.call(op, in)
	require.NoError(f.t, err, op)
	return out
}

// refuses is call for what does not.
func (f *fixture) refuses(op string, in members, kind, message string) {
	f.t.Helper()
	_, err := f.call(op, in)
	refused(f.t, err, kind, message)
}

// attributes is a member UserAttributes: names and values by turns.
func attributes(pairs ...string) []members {
	list := []members{}
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, members{"Name": pairs[i], "Value": pairs[i+1]})
	}
	return list
}

// user is what AdminGetUser knows, with the attributes by name.
func (f *fixture) user(username string) (members, map[string]string) {
	f.t.Helper()
	out := f.must("AdminGetUser", members{"Username": username})
	return out, byName(out["UserAttributes"])
}

// status is a user's status.
func (f *fixture) status(username string) string {
	f.t.Helper()
	out, _ := f.user(username)
	return out["UserStatus"].(string)
}

func byName(list any) map[string]string {
	all := map[string]string{}
	for _, a := range list.([]any) {
		all[a.(members)["Name"].(string)] = a.(members)["Value"].(string)
	}
	return all
}

// session is the access token of ana.
func (f *fixture) session() string {
	f.t.Helper()
	return f.Token("ana", cognitotest.TokenOptions{})
}

const (
	wrongCode    = "Invalid verification code provided, please try again."
	noCode       = "Invalid code provided, please request a code again."
	attemptLimit = "Attempt limit exceeded, please try after some time."
	noUser       = "User does not exist."
)

// Every operation of an administrator refuses to be called unsigned, and with another pool's ID.
func TestAdministrationIsGuarded(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	for _, op := range []string{
		"AdminCreateUser", "AdminConfirmSignUp", "AdminGetUser", "AdminDeleteUser", "AdminUpdateUserAttributes", "AdminDeleteUserAttributes",
		"AdminResetUserPassword", "AdminSetUserPassword", "AdminEnableUser", "AdminDisableUser", "AdminUserGlobalSignOut", "ListUsers",
		"CreateGroup", "GetGroup", "UpdateGroup", "DeleteGroup", "ListGroups", "ListUsersInGroup", "AdminAddUserToGroup",
		"AdminRemoveUserFromGroup", "AdminListGroupsForUser", "DescribeUserPool", "CreateUserPoolClient", "DescribeUserPoolClient",
		"UpdateUserPoolClient", "DeleteUserPoolClient", "ListUserPoolClients", "CreateIdentityProvider", "DescribeIdentityProvider",
		"UpdateIdentityProvider", "DeleteIdentityProvider", "ListIdentityProviders",
	} {
		resp, body := post(t, f, target+op, `{"UserPoolId":"us-east-1_Test00001"}`, nil)
		assert.Equal(t, 400, resp.StatusCode, op)
		assert.JSONEq(t, `{"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}`, body, op)

		in := `{"UserPoolId":"us-east-1_Other","Username":"ana","GroupName":"g","ClientId":"` + clientID + `","ProviderName":"p","ProviderType":"OIDC",
			"ProviderDetails":{},"UserAttributes":[],"UserAttributeNames":[],"Password":"` + password + `","ClientName":"c"}`
		_, body = post(t, f, target+op, in, map[string]string{"Authorization": "AWS4-HMAC-SHA256 Credential=x"})
		assert.JSONEq(t, `{"__type":"ResourceNotFoundException","message":"User pool us-east-1_Other does not exist."}`, body, op)

		_, err := f.call(op, members{})
		if op == "ListUsers" || op == "ListGroups" || op == "DescribeUserPool" || op == "ListUserPoolClients" || op == "ListIdentityProviders" {
			assert.NoError(t, err, op)
		} else {
			assert.ErrorContains(t, err, "Member must not be null", op)
		}
	}
}

// Calls about a user know of no user who does not exist, whatever the app clients hide.
func TestAdministrationOfNobody(t *testing.T) {
	t.Parallel()
	c := allFlows()
	c.PreventUserExistenceErrors = true
	f := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{c}, Groups: []cognitotest.Group{{Name: "g"}}})
	for _, op := range []string{
		"AdminConfirmSignUp", "AdminGetUser", "AdminDeleteUser", "AdminUpdateUserAttributes", "AdminDeleteUserAttributes",
		"AdminResetUserPassword", "AdminSetUserPassword", "AdminEnableUser", "AdminDisableUser", "AdminUserGlobalSignOut",
		"AdminAddUserToGroup", "AdminRemoveUserFromGroup", "AdminListGroupsForUser",
	} {
		f.refuses(op, members{
			"Username": "nobody", "GroupName": "g", "Password": password, "UserAttributes": []members{}, "UserAttributeNames": []string{},
		}, "UserNotFoundException", noUser)
	}
}

// What has no output in the service's model answers nothing at all; the others an object at least.
func TestEmptyAnswers(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	f.must("CreateGroup", members{"GroupName": "g"})
	f.must("CreateIdentityProvider", members{"ProviderName": "p", "ProviderType": "OIDC", "ProviderDetails": members{"client_id": "x"}})
	client := f.must("CreateUserPoolClient", members{"ClientName": "c"})["UserPoolClient"].(members)["ClientId"].(string)
	token := f.session()
	for _, tt := range []struct{ op, in, body string }{
		{"AdminDisableUser", `"Username":"ana"`, "{}\n"},
		{"AdminEnableUser", `"Username":"ana"`, "{}\n"},
		{"AdminAddUserToGroup", `"Username":"ana","GroupName":"g"`, ""},
		{"AdminRemoveUserFromGroup", `"Username":"ana","GroupName":"g"`, ""},
		{"DeleteGroup", `"GroupName":"g"`, ""},
		{"DeleteIdentityProvider", `"ProviderName":"p"`, ""},
		{"DeleteUserPoolClient", `"ClientId":"` + client + `"`, ""},
		{"AdminDeleteUser", `"Username":"ana"`, ""},
	} {
		resp, body := post(t, f, target+tt.op, `{"UserPoolId":"us-east-1_Test00001",`+tt.in+`}`, map[string]string{"Authorization": "AWS4-HMAC-SHA256 x"})
		assert.Equal(t, 200, resp.StatusCode, tt.op)
		assert.Equal(t, tt.body, body, tt.op)
		assert.NotEmpty(t, resp.Header.Get("X-Amzn-Requestid"), tt.op)
	}
	f.refuses("GetUser", members{"AccessToken": token}, "UserNotFoundException", noUser)
}
