package cognito

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"strings"
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
		out, err = c.shared().sdk.GetUser(ctx, &cognitoidentityprovider.GetUserInput{AccessToken: token})
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
// Common errors: [ErrUserNotFound].
//
// It calls AdminGetUser, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminGetUser(ctx context.Context, username string, opts ...CallOption) (*User, error) {
	call, err := newCallOptions(opts, optAttributeMap)
	if err != nil {
		return nil, wrapError("AdminGetUser", err)
	}
	var user *User
	err = c.adminCall("AdminGetUser", username, func(poolID, username *string) error {
		out, err := c.shared().sdk.AdminGetUser(ctx, &cognitoidentityprovider.AdminGetUserInput{UserPoolId: poolID, Username: username})
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

// ListUsers returns all users, or those that the options choose; nil when there are none, or with an error. It takes the
// options [Limit], [PageSize], [FilterEquals], [FilterPrefix], [SelectAttributes] and [AttributeMap]. [Cognito.Users] does
// not keep all of them in memory.
//
// It calls ListUsers for each page, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) ListUsers(ctx context.Context, opts ...CallOption) ([]*User, error) {
	return collect(wrapErrors("ListUsers", c.users(ctx, opts)))
}

// GetUsers is [Cognito.ListUsers] under its name in pycognito. It takes the options [Limit], [PageSize], [FilterEquals],
// [FilterPrefix], [SelectAttributes] and [AttributeMap].
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
		out, err := c.shared().sdk.ListUsers(ctx, &cognitoidentityprovider.ListUsersInput{
			UserPoolId: aws.String(c.shared().id), PaginationToken: token, Limit: size,
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

const (
	attrSub        = "sub"
	attrIdentities = "identities"
	verifiedSuffix = "_verified" // of email_verified and phone_number_verified, which only an administrator sets
)

// Save writes the attributes that have changed since the user was read, with the access token of the session that
// read it; nothing is sent when none has. An attribute that is gone from the map is deleted. A change of sub,
// identities, email_verified or phone_number_verified is refused, since a user may not make it; unchanged they are
// never sent. It returns where codes went to verify a new address with; nil when none was sent. The session must be that of this very user: when it is another's, nothing is sent. Afterwards the user
// counts as read; read it again to see what the pool made of a new address. It takes the option [ClientMetadata];
// [ErrUserExists] says that an address is another user's.
//
// It calls UpdateUserAttributes, which needs no AWS credentials but an access token: without one it returns
// [ErrNotSignedIn].
func (u *User) Save(ctx context.Context, opts ...CallOption) ([]CodeDelivery, error) {
	deliveries, err := u.save(ctx, opts)
	return deliveries, wrapError("User.Save", err)
}

func (u *User) save(ctx context.Context, opts []CallOption) ([]CodeDelivery, error) {
	call, changes, err := u.prepare(opts, attrSub, attrIdentities, "email"+verifiedSuffix, "phone_number"+verifiedSuffix)
	if err != nil || len(changes) == 0 {
		return nil, err
	}
	var deliveries []CodeDelivery
	err = u.client.withTokens(ctx, func(ts *tokenSet) error {
		if err := u.checkOwner(ts); err != nil {
			return err
		}
		deliveries, err = u.client.updateAttributes(ctx, ts, changes, call.metadata)
		return err
	})
	if err != nil {
		return nil, err
	}
	return deliveries, u.saved()
}

// AdminSave writes the attributes that have changed since the user was read, as an administrator; nothing is sent when
// none has. An attribute that is gone from the map is deleted. Of the attributes only sub and identities cannot be
// changed. It is always about this user, whoever is signed in. The service does not tell an administrator where codes went:
// the deliveries, which it returns as [User.Save] does, are nil. It takes the option [ClientMetadata]. Common errors:
// [ErrUserNotFound], and [ErrUserExists] if an address is another user's.
//
// It calls AdminUpdateUserAttributes, which needs AWS credentials ([ErrNoCredentials]).
func (u *User) AdminSave(ctx context.Context, opts ...CallOption) ([]CodeDelivery, error) {
	call, changes, err := u.prepare(opts, attrSub, attrIdentities)
	if err != nil || len(changes) == 0 {
		return nil, wrapError("User.AdminSave", err)
	}
	if err := u.client.adminUpdateAttributes(ctx, "User.AdminSave", u.Username, changes, call.metadata); err != nil {
		return nil, err
	}
	return nil, wrapError("User.AdminSave", u.saved())
}

// Delete deletes this user, with the access token of the session that read it, which then has no tokens. The session
// must be that of this very user: when it is another's, nothing is sent.
//
// It calls DeleteUser, which needs no AWS credentials but an access token: without one it returns [ErrNotSignedIn].
func (u *User) Delete(ctx context.Context) error {
	if u.client == nil {
		return wrapError("User.Delete", errNoClient)
	}
	return wrapError("User.Delete", u.client.deleteUser(ctx, u.checkOwner))
}

// AdminDelete deletes this user, as an administrator, whoever is signed in. Common errors: [ErrUserNotFound].
//
// It calls AdminDeleteUser, which needs AWS credentials ([ErrNoCredentials]).
func (u *User) AdminDelete(ctx context.Context) error {
	if u.client == nil {
		return wrapError("User.AdminDelete", errNoClient)
	}
	return u.client.adminDeleteUser(ctx, "User.AdminDelete", u.Username)
}

var errNoClient = errors.New("the user: want one that a Cognito returned, got one made by hand (UserFromAttributes makes one)")

// checkOwner refuses tokens that are not this user's: what is done with them would happen to their owner. The service
// is not asked, so the token need not be verified; a false one it refuses itself.
func (u *User) checkOwner(tokens *tokenSet) error {
	sub := u.loaded[attrSub]
	switch {
	case tokens.subject == "" && tokens.username == "":
		return errors.New("access token: its claims cannot be read, to tell whether it is this user's")
	case sub != "" && tokens.subject == sub, sub == "" && u.Username != "" && tokens.username == u.Username:
		return nil
	case tokens.username == u.Username:
		return fmt.Errorf("the session is that of another user called %s: the sub of its access token is not this user's", quote(u.Username))
	default:
		return fmt.Errorf("the session is that of %s, not of %s; AdminSave and AdminDelete work for any user", quote(tokens.username), quote(u.Username))
	}
}

// prepare lists what has changed, and refuses changes of the attributes fixed.
func (u *User) prepare(opts []CallOption, fixed ...string) (callOptions, []types.AttributeType, error) {
	if u.client == nil {
		return callOptions{}, nil, errNoClient
	}
	call, err := newCallOptions(opts, optClientMetadata)
	if err := errors.Join(u.err, err); err != nil {
		return callOptions{}, nil, err
	}
	current, err := u.names.toPool(u.Attributes)
	if err != nil {
		return callOptions{}, nil, err
	}
	changes := changed(u.loaded, current)
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		if !slices.Contains(fixed, name) {
			continue
		}
		reason := fixedReason(name)
		if _, kept := current[name]; !kept {
			reason = "it is gone from the user's Attributes, which would delete it; " + reason
		}
		return callOptions{}, nil, fieldError("attribute "+name, reason)
	}
	return call, changes.list(), nil
}

func fixedReason(name string) string {
	if strings.HasSuffix(name, verifiedSuffix) {
		return "a user cannot change it, AdminSave can"
	}
	return "the pool does not let anyone change it"
}

// changed is what to send to make of the attributes from the attributes to: an empty value deletes.
func changed(from, to Attributes) Attributes {
	changes := Attributes{}
	for name, value := range to {
		if from[name] != value {
			changes[name] = value
		}
	}
	for name, value := range from {
		if _, kept := to[name]; !kept && value != "" {
			changes[name] = ""
		}
	}
	return changes
}

// saved makes the attributes as they are what later changes are told by.
func (u *User) saved() error {
	loaded, err := u.names.toPool(u.Attributes)
	if err == nil {
		u.loaded = loaded
	}
	return err
}

// createOptions are the options of AdminCreateUser. A zero field was not given.
type createOptions struct {
	password string
	action   types.MessageActionType
	mediums  []types.DeliveryMediumType
}

// TemporaryPassword is the password that a new user signs in with once; see [Cognito.AdminCreateUser]. Without it, or
// if it is empty, the service makes one up; but where users can sign in with codes, a user whose address is verified
// gets no password, and is confirmed at once.
func TemporaryPassword(password string) CallOption {
	return callOption(func(o *callOptions) {
		o.given = append(o.given, optTemporaryPassword)
		o.create.password = password
	})
}

// MessageAction says what becomes of the invitation to a new user: SUPPRESS sends none, RESEND sends it again to one
// who has not signed in yet; see [Cognito.AdminCreateUser].
func MessageAction(action types.MessageActionType) CallOption {
	return callOption(func(o *callOptions) {
		o.given = append(o.given, optMessageAction)
		if action == "" {
			o.refuse(optMessageAction, "want RESEND or SUPPRESS, got none")
		}
		o.create.action = action
	})
}

// DeliveryMediums says how the invitation to a new user is sent: SMS, EMAIL or both; see [Cognito.AdminCreateUser].
// Without it the service sends it by SMS.
func DeliveryMediums(mediums ...types.DeliveryMediumType) CallOption {
	mediums = slices.Clone(mediums)
	return callOption(func(o *callOptions) {
		o.given = append(o.given, optDeliveryMediums)
		if len(mediums) == 0 {
			o.refuse(optDeliveryMediums, "want at least one of SMS and EMAIL, got none")
		}
		o.create.mediums = mediums
	})
}

// AdminCreateUser makes a user and invites it with a temporary password, which the user must change at the first
// sign-in ([ErrNewPasswordRequired]). In a pool whose users sign in with an e-mail address or a phone number that is
// the username. attrs may be nil; "email_verified": "true" spares the user a code. It takes the options
// [TemporaryPassword], [MessageAction], [DeliveryMediums], [ForceAliasCreation], [AttributeMap], [ClientMetadata] and
// [ValidationData]. Common errors: [ErrUserExists], [ErrInvalidPassword]. The session does not change. The
// request is not sent again after a failure that leaves open whether it was taken.
//
// It calls AdminCreateUser, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminCreateUser(ctx context.Context, username string, attrs Attributes, opts ...CallOption) (*User, error) {
	call, err := newCallOptions(opts, optTemporaryPassword, optMessageAction, optDeliveryMediums, optForceAlias,
		optAttributeMap, optClientMetadata, optValidationData)
	if err != nil {
		return nil, wrapError("AdminCreateUser", err)
	}
	if attrs, err = call.attributes.toPool(attrs); err != nil {
		return nil, wrapError("AdminCreateUser", err)
	}
	var user *User
	err = c.adminCall("AdminCreateUser", username, func(poolID, username *string) error {
		out, err := c.shared().sdk.AdminCreateUser(ctx, &cognitoidentityprovider.AdminCreateUserInput{
			UserPoolId: poolID, Username: username, UserAttributes: attrs.list(),
			TemporaryPassword: optional(call.create.password), MessageAction: call.create.action,
			DesiredDeliveryMediums: call.create.mediums, ForceAliasCreation: call.forceAlias,
			ClientMetadata: call.metadata, ValidationData: call.validationData,
		}, sendOnce)
		if err != nil {
			return err
		}
		if out.User == nil {
			return errors.New("the service's answer: want a user, got none")
		}
		user, err = c.userFromType(*out.User, call.attributes)
		return err
	})
	return user, err
}

// adminCall is an administrative call about one user, who is always named in it: the session's own user plays no part.
func (c *Cognito) adminCall(op, username string, call func(poolID, username *string) error) error {
	if username == "" {
		return wrapError(op, errNoUsername)
	}
	return wrapError(op, call(aws.String(c.shared().id), aws.String(username)))
}

// AdminConfirmSignUp confirms the user username, who signed up, without a code. It takes the option [ClientMetadata];
// Common errors: [ErrUserNotFound].
//
// It calls AdminConfirmSignUp, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminConfirmSignUp(ctx context.Context, username string, opts ...CallOption) error {
	call, err := newCallOptions(opts, optClientMetadata)
	if err != nil {
		return wrapError("AdminConfirmSignUp", err)
	}
	return c.adminCall("AdminConfirmSignUp", username, func(poolID, username *string) error {
		_, err := c.shared().sdk.AdminConfirmSignUp(ctx, &cognitoidentityprovider.AdminConfirmSignUpInput{
			UserPoolId: poolID, Username: username, ClientMetadata: call.metadata,
		}, sendOnce)
		return err
	})
}

// AdminUpdateProfile sets attributes of the user username; those that attrs does not name stay as they are, and an
// empty value deletes one. It may set email_verified and phone_number_verified; an address that is changed without is
// no longer verified. The service does not tell an administrator where codes went: the deliveries, which it returns as
// [Cognito.UpdateProfile] does, are nil. It takes the options [ClientMetadata] and [AttributeMap]; [ErrUserExists] says that
// an address is another user's.
//
// It calls AdminUpdateUserAttributes, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminUpdateProfile(ctx context.Context, username string, attrs Attributes, opts ...CallOption) ([]CodeDelivery, error) {
	call, err := newCallOptions(opts, optClientMetadata, optAttributeMap)
	if err != nil {
		return nil, wrapError("AdminUpdateProfile", err)
	}
	list, err := call.attributeList(attrs)
	if err != nil {
		return nil, wrapError("AdminUpdateProfile", err)
	}
	return nil, c.adminUpdateAttributes(ctx, "AdminUpdateProfile", username, list, call.metadata)
}

func (c *Cognito) adminUpdateAttributes(ctx context.Context, op, username string, list []types.AttributeType, metadata map[string]string) error {
	return c.adminCall(op, username, func(poolID, username *string) error {
		_, err := c.shared().sdk.AdminUpdateUserAttributes(ctx, &cognitoidentityprovider.AdminUpdateUserAttributesInput{
			UserPoolId: poolID, Username: username, UserAttributes: list, ClientMetadata: metadata,
		}, onceIfAddressed(list))
		return err
	})
}

// AdminDeleteAttributes deletes attributes of the user username, by their names in the pool. Common errors:
// [ErrUserNotFound].
//
// It calls AdminDeleteUserAttributes, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminDeleteAttributes(ctx context.Context, username string, names ...string) error {
	if err := checkNames(names); err != nil {
		return wrapError("AdminDeleteAttributes", err)
	}
	return c.adminCall("AdminDeleteAttributes", username, func(poolID, username *string) error {
		_, err := c.shared().sdk.AdminDeleteUserAttributes(ctx, &cognitoidentityprovider.AdminDeleteUserAttributesInput{
			UserPoolId: poolID, Username: username, UserAttributeNames: names,
		})
		return err
	})
}

// AdminResetPassword makes the user username set a new password: the old one is void, and a code goes to the user, who
// then calls [Cognito.ConfirmForgotPassword]. Until then sign-ins fail with [ErrPasswordResetRequired]. It takes the
// option [ClientMetadata]. Common errors: [ErrLimitExceeded]. The request is not sent again after a failure that
// leaves open whether it was taken.
//
// It calls AdminResetUserPassword, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminResetPassword(ctx context.Context, username string, opts ...CallOption) error {
	call, err := newCallOptions(opts, optClientMetadata)
	if err != nil {
		return wrapError("AdminResetPassword", err)
	}
	return c.adminCall("AdminResetPassword", username, func(poolID, username *string) error {
		_, err := c.shared().sdk.AdminResetUserPassword(ctx, &cognitoidentityprovider.AdminResetUserPasswordInput{
			UserPoolId: poolID, Username: username, ClientMetadata: call.metadata,
		}, sendOnce)
		return err
	})
}

// AdminSetPassword sets the password of the user username. A permanent one makes the user confirmed; otherwise it is
// temporary, and the user must choose another at the next sign-in ([ErrNewPasswordRequired]). Common errors:
// [ErrInvalidPassword].
//
// It calls AdminSetUserPassword, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminSetPassword(ctx context.Context, username, password string, permanent bool) error {
	if password == "" {
		return wrapError("AdminSetPassword", errNoNewPassword)
	}
	return c.adminCall("AdminSetPassword", username, func(poolID, username *string) error {
		_, err := c.shared().sdk.AdminSetUserPassword(ctx, &cognitoidentityprovider.AdminSetUserPasswordInput{
			UserPoolId: poolID, Username: username, Password: aws.String(password), Permanent: permanent,
		}, sendOnce)
		return err
	})
}

// AdminDeleteUser deletes the user username. Common errors: [ErrUserNotFound].
//
// It calls AdminDeleteUser, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminDeleteUser(ctx context.Context, username string) error {
	return c.adminDeleteUser(ctx, "AdminDeleteUser", username)
}

func (c *Cognito) adminDeleteUser(ctx context.Context, op, username string) error {
	return c.adminCall(op, username, func(poolID, username *string) error {
		_, err := c.shared().sdk.AdminDeleteUser(ctx, &cognitoidentityprovider.AdminDeleteUserInput{UserPoolId: poolID, Username: username})
		return err
	})
}

// AdminEnableUser lets the user username sign in again. Common errors: [ErrUserNotFound].
//
// It calls AdminEnableUser, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminEnableUser(ctx context.Context, username string) error {
	return c.adminCall("AdminEnableUser", username, func(poolID, username *string) error {
		_, err := c.shared().sdk.AdminEnableUser(ctx, &cognitoidentityprovider.AdminEnableUserInput{UserPoolId: poolID, Username: username})
		return err
	})
}

// AdminDisableUser keeps the user username from signing in and revokes the user's tokens; tokens that others verify
// offline stay good until they expire. The user stays in lists. Common errors: [ErrUserNotFound].
//
// It calls AdminDisableUser, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminDisableUser(ctx context.Context, username string) error {
	return c.adminCall("AdminDisableUser", username, func(poolID, username *string) error {
		_, err := c.shared().sdk.AdminDisableUser(ctx, &cognitoidentityprovider.AdminDisableUserInput{UserPoolId: poolID, Username: username})
		return err
	})
}

// AdminSignOut signs the user username out everywhere: all refresh tokens of the user die, and the service refuses the
// access tokens. Tokens that others verify offline stay good until they expire. Common errors: [ErrUserNotFound].
//
// It calls AdminUserGlobalSignOut, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminSignOut(ctx context.Context, username string) error {
	return c.adminCall("AdminSignOut", username, func(poolID, username *string) error {
		_, err := c.shared().sdk.AdminUserGlobalSignOut(ctx, &cognitoidentityprovider.AdminUserGlobalSignOutInput{UserPoolId: poolID, Username: username})
		return err
	})
}
