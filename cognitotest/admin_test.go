package cognitotest_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
)

func TestAdminCreateUser(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{RequiredAttributes: []string{"name"}})
	out := f.must("AdminCreateUser", members{
		"Username": "bob", "TemporaryPassword": newPassword, "DesiredDeliveryMediums": []string{"EMAIL"},
		"UserAttributes": attributes("email", "bob@example.com", "email_verified", "true"),
	})["User"].(members)
	assert.Equal(t, "bob", out["Username"])
	assert.Equal(t, "FORCE_CHANGE_PASSWORD", out["UserStatus"])
	assert.Equal(t, true, out["Enabled"])
	got := byName(out["Attributes"])
	assert.Equal(t, "bob@example.com", got["email"])
	assert.Equal(t, "true", got["email_verified"])
	assert.Len(t, got["sub"], 36)
	assert.InDelta(t, f.Now().UnixMilli(), out["UserCreateDate"].(float64)*1000, 60_000)
	assert.Equal(t, []cognitotest.Message{
		{UserPoolID: f.UserPoolID, Username: "bob", Destination: "bob@example.com", Medium: "EMAIL", Purpose: "AdminCreateUser", Code: newPassword},
	}, f.Messages())
	assert.Equal(t, newPassword, f.Code("bob"))

	challenge, err := f.bySRP("bob", newPassword)
	require.NoError(t, err)
	_, err = f.respond("NEW_PASSWORD_REQUIRED", *challenge.Session, map[string]string{"USERNAME": "bob", "NEW_PASSWORD": password, "userAttributes.name": "Bob"})
	require.NoError(t, err)
	assert.Equal(t, "CONFIRMED", f.status("bob"))
	f.refuses("AdminCreateUser", members{"Username": "bob", "MessageAction": "RESEND"},
		"UnsupportedUserStateException", "Resend not possible. bob status is not FORCE_CHANGE_PASSWORD")
}

// Where users sign in with codes, an administrator makes users without a password.
func TestAdminCreateUserWithoutAPassword(t *testing.T) {
	t.Parallel()
	client := cognitotest.Client{ID: clientID, ExplicitAuthFlows: []string{"ALLOW_USER_AUTH"}}
	for _, tt := range []struct {
		factors             []string
		verified, temporary string
		wantStatus          string
		wantFactor          types.ChallengeNameType
	}{
		{[]string{"PASSWORD", "EMAIL_OTP"}, "true", "", "CONFIRMED", "EMAIL_OTP"},
		{[]string{"PASSWORD", "EMAIL_OTP"}, "false", "", "FORCE_CHANGE_PASSWORD", "PASSWORD"},
		{[]string{"PASSWORD", "EMAIL_OTP"}, "true", newPassword, "FORCE_CHANGE_PASSWORD", "PASSWORD"},
		{[]string{"PASSWORD"}, "true", "", "FORCE_CHANGE_PASSWORD", "PASSWORD"},
	} {
		f := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{client}, FirstFactors: tt.factors})
		out := f.must("AdminCreateUser", members{
			"Username": "bob", "TemporaryPassword": orNone(tt.temporary), "DesiredDeliveryMediums": []string{"EMAIL"},
			"UserAttributes": attributes("email", "bob@example.com", "email_verified", tt.verified),
		})["User"].(members)
		assert.Equal(t, tt.wantStatus, out["UserStatus"])
		assert.Equal(t, tt.wantStatus != "CONFIRMED", f.Code("bob") != "", "who has a password is told it")
		begun, err := f.initiate("USER_AUTH", map[string]string{"USERNAME": "bob"})
		require.NoError(t, err)
		assert.Contains(t, begun.AvailableChallenges, tt.wantFactor)
		assert.Equal(t, tt.wantFactor == types.ChallengeNameTypePassword, slices.Contains(begun.AvailableChallenges, types.ChallengeNameTypePassword))
	}
}

func TestInvitations(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{PasswordPolicy: &cognitotest.PasswordPolicy{MinimumLength: 30, RequireSymbols: true}})
	f.must("AdminCreateUser", members{"Username": "mail", "UserAttributes": attributes("email", "m@example.com")})
	assert.Empty(t, f.Code("mail"), "by default a message is an SMS")
	f.must("AdminCreateUser", members{"Username": "phone", "UserAttributes": attributes("phone_number", "+15550100")})
	temporary := f.Code("phone")
	assert.GreaterOrEqual(t, len(temporary), 30)
	f.must("AdminCreateUser", members{"Username": "quiet", "MessageAction": "SUPPRESS", "UserAttributes": attributes("phone_number", "+15550101")})
	assert.Empty(t, f.Code("quiet"))

	f.Advance(6 * 24 * time.Hour)
	f.must("AdminCreateUser", members{"Username": "phone", "MessageAction": "RESEND"})
	assert.NotEqual(t, temporary, f.Code("phone"))
	f.Advance(6 * 24 * time.Hour)
	_, err := f.byPassword("phone", temporary)
	refused(t, err, notAuthorized, wrongPassword)
	out, err := f.byPassword("phone", f.Code("phone"))
	require.NoError(t, err, "its time starts again")
	assert.EqualValues(t, "NEW_PASSWORD_REQUIRED", out.ChallengeName)
}

func TestWhoCannotBeCreated(t *testing.T) {
	t.Parallel()
	aliases := newFixture(t, cognitotest.Config{AliasAttributes: []string{"email"}, CustomAttributes: []cognitotest.CustomAttribute{}})
	addresses := newFixture(t, cognitotest.Config{UsernameAttributes: []string{"email"}})
	verified := attributes("email", "ana@example.com", "email_verified", "true")
	for _, tt := range []struct {
		f             *fixture
		in            members
		kind, message string
	}{
		{aliases, members{"Username": "ana"}, "UsernameExistsException", "User account already exists"},
		{aliases, members{"Username": "b", "UserAttributes": verified}, "UsernameExistsException", "An account with the email already exists."},
		{aliases, members{"Username": "b@example.com"}, badParameter, "Username cannot be of email format, since user pool is configured for email alias."},
		{aliases, members{"Username": "b", "UserAttributes": attributes("sub", "1")}, badParameter, "Cannot modify the non-mutable attribute sub"},
		{aliases, members{"Username": "b", "UserAttributes": attributes("custom:x", "1")}, badParameter, "user.custom:x: Attribute does not exist in the schema.\n"},
		{aliases, members{"Username": "b", "TemporaryPassword": "short"}, "InvalidPasswordException", "Password did not conform with policy: Password not long enough"},
		{aliases, members{"Username": "nobody", "MessageAction": "RESEND"}, "UserNotFoundException", noUser},
		{aliases, members{"Username": "b", "MessageAction": "SHOUT"}, badParameter, "1 validation error detected: Value at 'messageAction' failed to satisfy constraint: Member must satisfy enum value set: [RESEND, SUPPRESS]"},
		{aliases, members{"Username": "b c"}, badParameter, `1 validation error detected: Value at 'username' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+`},
		{aliases, members{"Username": "b", "DesiredDeliveryMediums": []string{"FAX"}}, badParameter, "1 validation error detected: Value at 'desiredDeliveryMediums' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [EMAIL, SMS]]"},
		{addresses, members{"Username": "ana@example.com"}, "UsernameExistsException", "An account with the given email already exists."},
		{addresses, members{"Username": "bob"}, badParameter, "Username should be an email."},
	} {
		tt.f.refuses("AdminCreateUser", tt.in, tt.kind, tt.message)
	}
	aliases.must("AdminCreateUser", members{"Username": "b", "UserAttributes": verified, "ForceAliasCreation": true})
	_, ana := aliases.user("ana")
	assert.NotContains(t, ana, "email", "the alias has moved")
	out, _ := aliases.user("ana@example.com")
	assert.Equal(t, "b", out["Username"])

	created := addresses.must("AdminCreateUser", members{"Username": "bob@example.com"})["User"].(members)
	assert.Equal(t, byName(created["Attributes"])["sub"], created["Username"])
}

func TestSelfSignUpDisabled(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{SelfSignUpDisabled: true})
	_, err := f.signUp("bob", password, nil)
	refused(t, err, notAuthorized, "SignUp is not permitted for this user pool")
}

func TestAdminConfirmSignUp(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	_, err := f.signUp("bob", password, map[string]string{"email": "bob@example.com"})
	require.NoError(t, err)
	f.must("AdminConfirmSignUp", members{"Username": "bob"})
	_, got := f.user("bob")
	assert.NotContains(t, got, "email_verified", "nobody has shown that the address is his")
	_, err = f.bySRP("bob", password)
	require.NoError(t, err)
	f.refuses("AdminConfirmSignUp", members{"Username": "bob"}, notAuthorized, "User cannot be confirmed. Current status is CONFIRMED")
	f.must("AdminCreateUser", members{"Username": "eve"})
	f.refuses("AdminConfirmSignUp", members{"Username": "eve"}, notAuthorized, "User cannot be confirmed. Current status is FORCE_CHANGE_PASSWORD")
}

func TestDisablingAndSigningOut(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	tokens := f.tokens()
	f.must("AdminDisableUser", members{"Username": "ana"})
	out, _ := f.user("ana")
	assert.Equal(t, false, out["Enabled"])
	_, err := f.byPassword("ana", password)
	refused(t, err, notAuthorized, "User is disabled.")
	f.must("AdminEnableUser", members{"Username": "ana"})
	_, err = f.getUser(*tokens.AccessToken)
	refused(t, err, notAuthorized, "Access Token has been revoked")
	_, err = f.refresh(*tokens.RefreshToken)
	refused(t, err, notAuthorized, "Refresh Token has been revoked")

	tokens = f.tokens()
	f.must("AdminUserGlobalSignOut", members{"Username": "ana"})
	_, err = f.getUser(*tokens.AccessToken)
	refused(t, err, notAuthorized, "Access Token has been revoked")
	_, err = f.refresh(*tokens.RefreshToken)
	refused(t, err, notAuthorized, "Refresh Token has been revoked")
}

func TestMessagesPrintNoCode(t *testing.T) {
	t.Parallel()
	m := cognitotest.Message{Username: "bob", Purpose: "SignUp", Code: "hush-hush"}
	var text strings.Builder
	slog.New(slog.NewTextHandler(&text, nil)).Info("m", slog.Any("v", m))
	slog.New(slog.NewJSONHandler(&text, nil)).Info("m", slog.Any("v", m))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		fmt.Fprintf(&text, verb, m)
	}
	assert.NotContains(t, text.String(), "hush")
	assert.NotContains(t, text.String(), fmt.Sprintf("%x", "hush"))
	assert.Contains(t, text.String(), "bob")
}

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
		"no token at all":    {"PaginationToken": "next_please"},
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

// In a pool that knows no case, addresses and preferred usernames are found in any.
func TestFiltersInAnyCase(t *testing.T) {
	t.Parallel()
	for _, insensitive := range []bool{false, true} {
		f := newFixture(t, cognitotest.Config{CaseInsensitive: insensitive})
		f.AddUser(cognitotest.User{Username: "bob", Attributes: map[string]string{"email": "Bob@Example.com", "preferred_username": "Bobby"}})
		for _, text := range []string{`email = "bob@example.com"`, `email ^= "BOB@"`, `preferred_username = "bobby"`} {
			got, _ := f.page(members{"Filter": text})
			assert.Equal(t, insensitive, len(got) == 1, text)
		}
	}
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

		in := `{"UserPoolId":"us-east-1_Other","Username":"ana","GroupName":"g","ClientId":"` + clientID + `","ProviderName":"idp","ProviderType":"OIDC",
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
	f.must("CreateIdentityProvider", members{"ProviderName": "idp", "ProviderType": "OIDC", "ProviderDetails": members{"client_id": "x"}})
	client := f.must("CreateUserPoolClient", members{"ClientName": "c"})["UserPoolClient"].(members)["ClientId"].(string)
	token := f.session()
	for _, tt := range []struct{ op, in, body string }{
		{"AdminDisableUser", `"Username":"ana"`, "{}\n"},
		{"AdminEnableUser", `"Username":"ana"`, "{}\n"},
		{"AdminAddUserToGroup", `"Username":"ana","GroupName":"g"`, ""},
		{"AdminRemoveUserFromGroup", `"Username":"ana","GroupName":"g"`, ""},
		{"DeleteGroup", `"GroupName":"g"`, ""},
		{"DeleteIdentityProvider", `"ProviderName":"idp"`, ""},
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

// What the doc comment of AddUser says.
func TestAddUserAsItIs(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{CustomAttributes: []cognitotest.CustomAttribute{}, Triggers: cognitotest.Triggers{
		PreSignUp: func(*cognitotest.PreSignUpEvent) error { panic("not called") },
	}})
	f.AddUser(cognitotest.User{Username: "weak", Password: "x", Attributes: map[string]string{"custom:none": "y", "email": "weak@example.com"}, Status: "UNCONFIRMED"})
	require.Empty(t, f.Messages())
	require.Equal(t, "UNCONFIRMED", f.status("weak"))
	f.must("ResendConfirmationCode", members{"ClientId": clientID, "Username": "weak"})
	f.must("ConfirmSignUp", members{"ClientId": clientID, "Username": "weak", "ConfirmationCode": f.Code("weak")})
	require.NotEmpty(t, f.Code("weak"), "used codes stay")
	_, err := f.byPassword("weak", "x")
	require.NoError(t, err)
}
