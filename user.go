package cognito

import (
	"context"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// User is a user of the pool as it was when it was read. Printed or logged it shows the name and the status. A User is
// not safe for concurrent use.
type User struct {
	// Username is the name that the pool knows the user by: what the service answered, not what was asked for.
	Username string
	// Sub is the user's unchangeable ID; "" when the attribute was not fetched.
	Sub string
	// Attributes are the user's attributes, those that the app client may read or that [SelectAttributes] chose, under
	// the names that [AttributeMap] gave them. Change them and call [User.Save] or [User.AdminSave].
	Attributes Attributes
	// Status is CONFIRMED, UNCONFIRMED and so on. It is "" when the call does not say, as [Cognito.GetUser]; Enabled,
	// Created and Modified are then unknown as well.
	Status types.UserStatusType
	// Enabled is whether the user may sign in.
	Enabled bool
	// Created and Modified are when the user was made and last changed.
	Created, Modified time.Time
	// MFAMethods are the user's ways of a second factor, such as SOFTWARE_TOKEN_MFA, and PreferredMFA the one that is
	// asked for. Lists of users do not say: they are nil and "" there, as they are for a user without any.
	MFAMethods   []string
	PreferredMFA string

	client *Cognito
	names  attributeNames
	loaded Attributes // under the pool's names, to tell what has changed
	err    error      // why the user cannot be saved: the options of UserFromAttributes
}

// Format prints the user's name and status, whatever the verb.
func (u User) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, u.text()) }

// LogValue logs the user's name and status.
func (u User) LogValue() slog.Value { return slog.StringValue(u.text()) }

func (u User) text() string {
	if u.Status == "" {
		return "User{" + u.Username + "}"
	}
	return "User{" + u.Username + ", " + string(u.Status) + "}"
}

// GetUser reads the user who is signed in. Status, Enabled and the dates are absent; [Cognito.AdminGetUser] has them.
// Since the service looks at the access token, this is also how to ask whether it was revoked ([ErrTokenRevoked]). An
// expired access token is renewed first. It takes the option [AttributeMap].
//
// It calls GetUser, which needs no AWS credentials but an access token: without one it returns [ErrNotSignedIn].
func (c *Cognito) GetUser(ctx context.Context, opts ...CallOption) (*User, error) {
	user, err := c.getUser(ctx, opts)
	return user, wrapError("GetUser", err)
}

func (c *Cognito) getUser(ctx context.Context, opts []CallOption) (*User, error) {
	call, err := newCallOptions(opts, optAttributeMap)
	if err != nil {
		return nil, err
	}
	var out *cognitoidentityprovider.GetUserOutput
	err = c.withAccessToken(ctx, func(token *string) error {
		out, err = c.pool.sdk.GetUser(ctx, &cognitoidentityprovider.GetUserInput{AccessToken: token})
		return err
	})
	if err != nil {
		return nil, err
	}
	user, err := c.newUser(aws.ToString(out.Username), out.UserAttributes, call.attributes)
	if err != nil {
		return nil, err
	}
	user.MFAMethods, user.PreferredMFA = out.UserMFASettingList, aws.ToString(out.PreferredMfaSetting)
	return user, nil
}

// AdminGetUser reads the user username, who may be named by an alias. It takes the option [AttributeMap];
// [ErrUserNotFound] is the usual error.
//
// It calls AdminGetUser, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminGetUser(ctx context.Context, username string, opts ...CallOption) (*User, error) {
	call, err := newCallOptions(opts, optAttributeMap)
	if err != nil {
		return nil, wrapError("AdminGetUser", err)
	}
	var user *User
	err = c.adminCall("AdminGetUser", username, func(poolID, username *string) error {
		out, err := c.pool.sdk.AdminGetUser(ctx, &cognitoidentityprovider.AdminGetUserInput{UserPoolId: poolID, Username: username})
		if err != nil {
			return err
		}
		user, err = c.userFromType(types.UserType{
			Username: out.Username, Attributes: out.UserAttributes, UserStatus: out.UserStatus, Enabled: out.Enabled,
			UserCreateDate: out.UserCreateDate, UserLastModifiedDate: out.UserLastModifiedDate,
		}, call.attributes)
		if err == nil {
			user.MFAMethods, user.PreferredMFA = out.UserMFASettingList, aws.ToString(out.PreferredMfaSetting)
		}
		return err
	})
	return user, err
}

// GetUsers reads all users, or those that the options choose; see [Cognito.Users], which does not keep all of them in
// memory, for the options that it takes. It returns nil when there are none, or with an error.
//
// It calls ListUsers for each page, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) GetUsers(ctx context.Context, opts ...CallOption) ([]*User, error) {
	users, err := collect(c.users(ctx, opts))
	return users, wrapError("GetUsers", err)
}

// Users ranges over all users, or those that the options choose. A page is fetched when the range comes to it, and
// only one is kept; each range starts anew. The range ends at the first error, which comes with a nil user. It takes
// the options [Limit], [PageSize], [FilterEquals], [FilterPrefix], [SelectAttributes] and [AttributeMap].
//
// It calls ListUsers for each page, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) Users(ctx context.Context, opts ...CallOption) iter.Seq2[*User, error] {
	return wrapErrors("Users", c.users(ctx, opts))
}

func (c *Cognito) users(ctx context.Context, opts []CallOption) iter.Seq2[*User, error] {
	call, err := newCallOptions(opts, optLimit, optPageSize, optFilter, optSelectAttributes, optAttributeMap)
	if err != nil {
		return failed[*User](err)
	}
	return mapped(pages(ctx, call.list, func(ctx context.Context, token *string, size *int32) (page[types.UserType], error) {
		out, err := c.pool.sdk.ListUsers(ctx, &cognitoidentityprovider.ListUsersInput{
			UserPoolId: aws.String(c.pool.id), PaginationToken: token, Limit: size,
			Filter: optional(call.list.filter), AttributesToGet: call.list.selected,
		})
		if err != nil {
			return page[types.UserType]{}, err
		}
		return page[types.UserType]{out.Users, out.PaginationToken}, nil
	}), func(u types.UserType) (*User, error) { return c.userFromType(u, call.attributes) })
}

// UserFromAttributes makes a User of what another call of the service answered; it calls nothing itself. What username
// names is taken as it is. list counts as what the pool has, so that [User.Save] sends what differs from it. It takes
// the option [AttributeMap]; a wrong option is reported when the user is saved.
func (c *Cognito) UserFromAttributes(username string, list []types.AttributeType, opts ...CallOption) *User {
	call, err := newCallOptions(opts, optAttributeMap)
	if err == nil {
		var user *User
		if user, err = c.newUser(username, list, call.attributes); err == nil {
			return user
		}
	}
	user, _ := c.newUser(username, list, attributeNames{}) // without other names there is no error
	user.err = err
	return user
}

// userFromType makes a User of one in a list.
func (c *Cognito) userFromType(u types.UserType, names attributeNames) (*User, error) {
	user, err := c.newUser(aws.ToString(u.Username), u.Attributes, names)
	if err != nil {
		return nil, err
	}
	user.Status, user.Enabled = u.UserStatus, u.Enabled
	user.Created, user.Modified = aws.ToTime(u.UserCreateDate), aws.ToTime(u.UserLastModifiedDate)
	return user, nil
}

func (c *Cognito) newUser(username string, list []types.AttributeType, names attributeNames) (*User, error) {
	loaded := newAttributes(list)
	attrs, err := names.fromPool(loaded)
	if err != nil {
		return nil, err
	}
	return &User{
		Username: username, Sub: loaded[attrSub], Attributes: attrs, client: c, names: names, loaded: loaded,
	}, nil
}
