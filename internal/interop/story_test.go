//go:build interop

package interop

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// differences is the document that tells where the two servers differ.
const differences = "../../docs/emulators.md"

// What a step ends in, beside the reasons of the package.
var (
	errUnsupported = errors.New("the server does not know the operation")
	errOther       = errors.New("an error without a reason of ours")
)

// scene is the pool that a story plays in.
type scene struct {
	pool       *cognito.Cognito
	dave, erin *cognito.Cognito
	code       func(username string) string
}

func (s scene) wrongCode() string {
	if s.code("dave") == "000000" {
		return "000001"
	}
	return "000000"
}

const byPassword = cognito.Flow("USER_PASSWORD_AUTH")

// step is a call and what comes of it: here (cognitotest), and in cognito-local.
type step struct {
	name        string
	do          func(ctx context.Context, s scene) error
	here, local error
}

// story is a user's and an administrator's day. Each step builds on those before it.
var story = []step{
	{"sign-up", func(ctx context.Context, s scene) error {
		r, err := s.pool.Register(ctx, "dave", password, cognito.Attributes{"email": "dave@example.com"})
		return want(err, func() bool { return r.UserSub != "" && r.Delivery.Attribute == "email" })
	}, nil, nil},
	{"sign-up with a name that is taken", func(ctx context.Context, s scene) error {
		return err1(s.pool.Register(ctx, "dave", password, cognito.Attributes{"email": "dave@example.com"}))
	}, cognito.ErrUserExists, cognito.ErrUserExists},
	{"sign-up with a weak password", func(ctx context.Context, s scene) error {
		return err1(s.pool.Register(ctx, "frank", "x", cognito.Attributes{"email": "frank@example.com"}))
	}, cognito.ErrInvalidPassword, nil},
	{"sign-in before the confirmation", func(ctx context.Context, s scene) error {
		return s.dave.Authenticate(ctx, password, byPassword)
	}, cognito.ErrUserNotConfirmed, cognito.ErrUserNotConfirmed},
	{
		"confirmation with a wrong code", func(ctx context.Context, s scene) error { return s.pool.ConfirmSignUp(ctx, "dave", s.wrongCode()) },
		cognito.ErrCodeMismatch, cognito.ErrCodeMismatch,
	},
	{"confirmation", func(ctx context.Context, s scene) error { return s.pool.ConfirmSignUp(ctx, "dave", s.code("dave")) }, nil, nil},
	{"sign-in by SRP", func(ctx context.Context, s scene) error { return s.dave.Authenticate(ctx, password) }, nil, errUnsupported},
	{
		"sign-in with a wrong password", func(ctx context.Context, s scene) error { return s.dave.Authenticate(ctx, "wrong", byPassword) },
		cognito.ErrInvalidCredentials, cognito.ErrInvalidPassword,
	},
	{"sign-in by password", func(ctx context.Context, s scene) error {
		err := s.dave.Authenticate(ctx, password, byPassword)
		return want(err, func() bool {
			return s.dave.AccessClaims().Username == "dave" && s.dave.IDClaims().Email == "dave@example.com"
		})
	}, nil, nil},

	{"reading oneself", func(ctx context.Context, s scene) error {
		u, err := s.dave.GetUser(ctx)
		return want(err, func() bool {
			return u.Username == "dave" && u.Sub == s.dave.AccessClaims().Subject && u.Attributes["email"] == "dave@example.com"
		})
	}, nil, nil},
	{"saving a new and a changed attribute", func(ctx context.Context, s scene) error {
		return saved(ctx, s, func(a cognito.Attributes) { a["given_name"], a["nickname"] = "Dave", "D" }, func(a cognito.Attributes) bool { return a["given_name"] == "Dave" && a["nickname"] == "D" })
	}, nil, nil},
	{"saving without an attribute", func(ctx context.Context, s scene) error {
		return saved(ctx, s, func(a cognito.Attributes) { delete(a, "nickname") }, func(a cognito.Attributes) bool { return a["nickname"] == "" && a["given_name"] == "Dave" })
	}, nil, nil},
	{"deleting attributes", func(ctx context.Context, s scene) error {
		err := s.dave.DeleteAttributes(ctx, "given_name")
		return want(err, func() bool { u, err := s.dave.GetUser(ctx); return err == nil && u.Attributes["given_name"] == "" })
	}, nil, nil},
	{"a new e-mail address", func(ctx context.Context, s scene) error {
		d, err := s.dave.UpdateProfile(ctx, cognito.Attributes{"email": "dave@example.org"})
		return want(err, func() bool { return len(d) == 1 && d[0].Attribute == "email" })
	}, nil, nil},
	{
		"verification with a wrong code", func(ctx context.Context, s scene) error {
			return s.dave.ValidateVerification(ctx, "email", s.wrongCode())
		},
		cognito.ErrCodeMismatch, cognito.ErrCodeMismatch,
	},
	{"verification", func(ctx context.Context, s scene) error {
		if _, err := s.dave.SendVerification(ctx, "email"); err != nil {
			return err
		}
		err := s.dave.ValidateVerification(ctx, "email", s.code("dave"))
		return want(err, func() bool { u, err := s.dave.GetUser(ctx); return err == nil && u.Attributes.Bool("email_verified") })
	}, nil, nil},

	{
		"changing a password, the old one wrong", func(ctx context.Context, s scene) error {
			return s.dave.ChangePassword(ctx, "wrong", "Another-Horse-2")
		},
		cognito.ErrInvalidCredentials, cognito.ErrInvalidPassword,
	},
	{"changing a password", func(ctx context.Context, s scene) error {
		return s.dave.ChangePassword(ctx, password, "Another-Horse-2")
	}, nil, nil},
	{"a forgotten password", func(ctx context.Context, s scene) error {
		d, err := s.dave.InitiateForgotPassword(ctx)
		return want(err, func() bool { return d.Attribute == "email" })
	}, nil, nil},
	{
		"a forgotten password, the code wrong", func(ctx context.Context, s scene) error {
			return s.dave.ConfirmForgotPassword(ctx, s.wrongCode(), password)
		},
		cognito.ErrCodeMismatch, cognito.ErrCodeMismatch,
	},
	{"a forgotten password, the code right", func(ctx context.Context, s scene) error {
		return s.dave.ConfirmForgotPassword(ctx, s.code("dave"), password)
	}, nil, nil},
	{"sign-in with the new password", func(ctx context.Context, s scene) error { return s.dave.Authenticate(ctx, password, byPassword) }, nil, nil},

	{"creating a user", func(ctx context.Context, s scene) error {
		u, err := s.pool.AdminCreateUser(ctx, "erin", cognito.Attributes{"email": "erin@example.com"}, cognito.TemporaryPassword("Temporary-Horse-1"), cognito.MessageAction("SUPPRESS"))
		return want(err, func() bool {
			return u.Username == "erin" && u.Status == "FORCE_CHANGE_PASSWORD" && u.Enabled && !u.Created.IsZero()
		})
	}, nil, nil},
	{"creating a user who exists", func(ctx context.Context, s scene) error { return err1(s.pool.AdminCreateUser(ctx, "erin", nil)) }, cognito.ErrUserExists, cognito.ErrUserExists},
	{
		"sign-in with a temporary password", func(ctx context.Context, s scene) error {
			return s.erin.Authenticate(ctx, "Temporary-Horse-1", byPassword)
		},
		cognito.ErrNewPasswordRequired, cognito.ErrNewPasswordRequired,
	},
	{"setting a weak password", func(ctx context.Context, s scene) error { return s.pool.AdminSetPassword(ctx, "erin", "x", true) }, cognito.ErrInvalidPassword, nil},
	{"setting a password", func(ctx context.Context, s scene) error { return s.pool.AdminSetPassword(ctx, "erin", password, true) }, nil, nil},
	{"sign-in with the password set", func(ctx context.Context, s scene) error { return s.erin.Authenticate(ctx, password, byPassword) }, nil, nil},
	{"updating another user", func(ctx context.Context, s scene) error {
		_, err := s.pool.AdminUpdateProfile(ctx, "erin", cognito.Attributes{"given_name": "Erin", "family_name": "E"})
		return want(err, func() bool {
			u, err := s.pool.AdminGetUser(ctx, "erin")
			return err == nil && u.Attributes["given_name"] == "Erin"
		})
	}, nil, nil},
	{"marking an address as verified, without the address", func(ctx context.Context, s scene) error {
		return err1(s.pool.AdminUpdateProfile(ctx, "erin", cognito.Attributes{"email_verified": "true"}))
	}, nil, errOther},
	{"deleting another user's attributes", func(ctx context.Context, s scene) error {
		return s.pool.AdminDeleteAttributes(ctx, "erin", "family_name")
	}, nil, nil},
	{"disabling a user", func(ctx context.Context, s scene) error {
		err := s.pool.AdminDisableUser(ctx, "erin")
		return want(err, func() bool { u, err := s.pool.AdminGetUser(ctx, "erin"); return err == nil && !u.Enabled })
	}, nil, nil},
	{"sign-in of a disabled user", func(ctx context.Context, s scene) error {
		return s.pool.ForUser("erin").Authenticate(ctx, password, byPassword)
	}, cognito.ErrUserDisabled, nil},
	{"enabling a user", func(ctx context.Context, s scene) error { return s.pool.AdminEnableUser(ctx, "erin") }, nil, nil},
	{"signing a user out", func(ctx context.Context, s scene) error { return s.pool.AdminSignOut(ctx, "erin") }, nil, errUnsupported},
	{"reading a user who is not there", func(ctx context.Context, s scene) error { return err1(s.pool.AdminGetUser(ctx, "nobody")) }, cognito.ErrUserNotFound, cognito.ErrUserNotFound},

	{"listing users", func(ctx context.Context, s scene) error {
		return lists(ctx, s, []string{"dave", "erin"}, cognito.PageSize(1))
	}, nil, nil},
	{"listing users by prefix", func(ctx context.Context, s scene) error {
		return lists(ctx, s, []string{"dave"}, cognito.FilterPrefix("email", "dave"))
	}, nil, nil},
	{"listing users by value", func(ctx context.Context, s scene) error {
		return lists(ctx, s, []string{"erin"}, cognito.FilterEquals("email", "erin@example.com"))
	}, nil, nil},
	{"listing users with one attribute", func(ctx context.Context, s scene) error {
		users, err := s.pool.GetUsers(ctx, cognito.SelectAttributes("email"), cognito.FilterEquals("username", "erin"))
		return want(err, func() bool { return len(users) == 1 && len(users[0].Attributes) == 1 })
	}, nil, errOther},

	{"creating a group", func(ctx context.Context, s scene) error {
		g, err := s.pool.CreateGroup(ctx, cognito.Group{Name: "readers", Description: "d", Precedence: aws.Int32(0)})
		return want(err, func() bool { return g.Name == "readers" && *g.Precedence == 0 })
	}, nil, nil},
	{"creating a group that exists", func(ctx context.Context, s scene) error {
		return err1(s.pool.CreateGroup(ctx, cognito.Group{Name: "readers"}))
	}, cognito.ErrGroupExists, nil},
	{"adding to a group", func(ctx context.Context, s scene) error { return s.pool.AdminAddUserToGroup(ctx, "erin", "readers") }, nil, nil},
	{"adding to a group that is not there", func(ctx context.Context, s scene) error { return s.pool.AdminAddUserToGroup(ctx, "erin", "nobody") }, cognito.ErrGroupNotFound, cognito.ErrGroupNotFound},
	{"adding a user who is not there", func(ctx context.Context, s scene) error { return s.pool.AdminAddUserToGroup(ctx, "nobody", "readers") }, cognito.ErrUserNotFound, cognito.ErrUserNotFound},
	{"the groups of a user", func(ctx context.Context, s scene) error {
		groups, err := s.pool.AdminListGroupsForUser(ctx, "erin")
		return want(err, func() bool { return len(groups) == 1 && groups[0].Name == "readers" })
	}, nil, nil},
	{"the users in a group", func(ctx context.Context, s scene) error {
		var names []string
		for u, err := range s.pool.UsersInGroup(ctx, "readers") {
			if err != nil {
				return err
			}
			names = append(names, u.Username)
		}
		return want(nil, func() bool { return len(names) == 1 && names[0] == "erin" })
	}, nil, nil},
	{"the groups in a token", func(ctx context.Context, s scene) error {
		err := s.erin.Authenticate(ctx, password, byPassword)
		return want(err, func() bool { return len(s.erin.AccessClaims().Groups) == 1 })
	}, nil, nil},
	{"updating a group", func(ctx context.Context, s scene) error {
		g, err := s.pool.GetGroup(ctx, "readers")
		if err != nil {
			return err
		}
		g.Description = "e"
		_, err = s.pool.UpdateGroup(ctx, *g)
		return want(err, func() bool { g, err := s.pool.GetGroup(ctx, "readers"); return err == nil && g.Description == "e" })
	}, nil, nil},
	{"removing from a group", func(ctx context.Context, s scene) error {
		return s.pool.AdminRemoveUserFromGroup(ctx, "erin", "readers")
	}, nil, nil},
	{"deleting a group", func(ctx context.Context, s scene) error { return s.pool.DeleteGroup(ctx, "readers") }, nil, nil},
	{"reading a group that is not there", func(ctx context.Context, s scene) error { return err1(s.pool.GetGroup(ctx, "readers")) }, cognito.ErrGroupNotFound, cognito.ErrGroupNotFound},

	{"updating an app client", func(ctx context.Context, s scene) error {
		_, err := s.pool.AdminUpdateUserPoolClient(ctx, s.pool.ClientID(), func(app *cognito.UserPoolClient) { app.Settings.ClientName = aws.String("web") })
		return want(err, func() bool {
			app, err := s.pool.DescribeUserPoolClient(ctx, s.pool.ClientID())
			return err == nil && aws.ToString(app.Settings.ClientName) == "web"
		})
	}, nil, nil},
	{"listing identity providers", func(ctx context.Context, s scene) error {
		for _, err := range s.pool.IdentityProviders(ctx) {
			return err
		}
		return nil
	}, nil, errUnsupported},
	{"having a user set a new password", func(ctx context.Context, s scene) error { return s.pool.AdminResetPassword(ctx, "erin") }, nil, errUnsupported},
	{"a new sign-up code", func(ctx context.Context, s scene) error {
		if _, err := s.pool.Register(ctx, "gina", password, cognito.Attributes{"email": "gina@example.com"}); err != nil {
			return err
		}
		return err1(s.pool.ResendConfirmationCode(ctx, "gina"))
	}, nil, errUnsupported},
	{"confirming a sign-up without a code", func(ctx context.Context, s scene) error { return s.pool.AdminConfirmSignUp(ctx, "gina") }, nil, nil},

	{"sign-out everywhere", func(ctx context.Context, s scene) error { return s.dave.Logout(ctx) }, nil, errUnsupported},
	{"sign-out of one session", func(ctx context.Context, s scene) error {
		if err := s.dave.Authenticate(ctx, password, byPassword); err != nil {
			return err
		}
		return s.dave.RevokeToken(ctx)
	}, nil, nil},
	{"deleting oneself", func(ctx context.Context, s scene) error {
		if err := s.dave.Authenticate(ctx, password, byPassword); err != nil {
			return err
		}
		return s.dave.DeleteUser(ctx)
	}, nil, nil},
	{"deleting a user", func(ctx context.Context, s scene) error {
		err := s.pool.AdminDeleteUser(ctx, "erin")
		return want(err, func() bool { return errors.Is(err1(s.pool.AdminGetUser(ctx, "erin")), cognito.ErrUserNotFound) })
	}, nil, nil},
}

// want is err, or an error when what a step must have brought about is not the case.
func want(err error, holds func() bool) error {
	if err == nil && !holds() {
		return errOther
	}
	return err
}

func err1[T any](_ T, err error) error { return err }

func saved(ctx context.Context, s scene, change func(cognito.Attributes), holds func(cognito.Attributes) bool) error {
	u, err := s.dave.GetUser(ctx)
	if err != nil {
		return err
	}
	change(u.Attributes)
	if _, err := u.Save(ctx); err != nil {
		return err
	}
	u, err = s.dave.GetUser(ctx)
	return want(err, func() bool { return holds(u.Attributes) })
}

// lists checks which users a list has, but for those that signed up with a password that only one
// server refuses.
func lists(ctx context.Context, s scene, names []string, opts ...cognito.CallOption) error {
	var got []string
	for u, err := range s.pool.Users(ctx, opts...) {
		if err != nil {
			return err
		}
		if u.Username != "frank" {
			got = append(got, u.Username)
		}
	}
	return want(nil, func() bool { return assert.ObjectsAreEqual(names, got) })
}

// outcome is what of expected, a reason of the package or one of ours, err is; the error itself
// when it is another.
func outcome(err, expected error) error {
	var api smithy.APIError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &api) && api.ErrorCode() == "Unsupported":
		return errUnsupported
	case expected != nil && errors.Is(err, expected):
		return expected
	case expected == errOther: //nolint:errorlint // the sentinel itself is meant
		return errOther
	default:
		return err
	}
}

func TestTheStoryHere(t *testing.T) {
	client := public()
	client.ExplicitAuthFlows = []string{"ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}
	srv := cognitotest.NewServer(cognitotest.Config{Clients: []cognitotest.Client{client}})
	t.Cleanup(srv.Close)
	c, err := cognito.New(srv.UserPoolID, srv.ClientID, cognito.WithEndpoint(srv.URL), cognito.WithStaticCredentials("local", "local", ""))
	require.NoError(t, err)
	s := scene{pool: c, dave: c.ForUser("dave"), erin: c.ForUser("erin"), code: srv.Code}
	for _, step := range story {
		assert.Equal(t, step.here, outcome(step.do(t.Context(), s), step.here), step.name)
	}
}

func TestTheStoryInCognitoLocal(t *testing.T) {
	t.Parallel()
	c := startCognitoLocal(t)
	s := scene{pool: c, dave: c.ForUser("dave"), erin: c.ForUser("erin"), code: func(string) string { return localCode }}
	for _, step := range story {
		assert.Equal(t, step.local, outcome(step.do(t.Context(), s), step.local), step.name)
	}
}

func TestDifferencesAreWrittenDown(t *testing.T) {
	text, err := os.ReadFile(differences)
	require.NoError(t, err)
	for _, step := range story {
		row := "\n| " + step.name + " |"
		differs := !errors.Is(step.here, step.local) || !errors.Is(step.local, step.here)
		assert.Equal(t, differs, strings.Contains(string(text), row), step.name)
	}
}
