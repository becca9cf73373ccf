package cognitotest_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

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
		{Username: "bob", Destination: "bob@example.com", Medium: "EMAIL", Purpose: "AdminCreateUser", Code: newPassword},
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
			"Username": "bob", "TemporaryPassword": tt.temporary, "DesiredDeliveryMediums": []string{"EMAIL"},
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
		{aliases, members{"Username": "b", "DesiredDeliveryMediums": []string{"FAX"}}, badParameter, "1 validation error detected: Value at 'desiredDeliveryMediums' failed to satisfy constraint: Member must satisfy enum value set: [EMAIL, SMS]"},
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
