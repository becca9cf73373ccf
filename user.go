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

// User is a user of the pool, as it was when it was read. Printed or logged, it shows only the name
// and the status. A User is not safe for concurrent use.
type User struct {
	// Username is the user's name in the pool. It comes from the service's response and may differ
	// from the name in the call.
	Username string
	// Sub is the user's ID, which never changes. It is empty if the attribute was not fetched.
	Sub string
	// Attributes are the attributes that the app client may read, or that [SelectAttributes]
	// selected, under the names that [AttributeMap] sets. Change them and call [User.Save] or
	// [User.AdminSave].
	Attributes Attributes
	// Status is the state of the user, such as CONFIRMED or UNCONFIRMED. It is empty if the call
	// does not return it, as in [Cognito.GetUser]. Enabled, Created and Modified are then unknown
	// as well.
	Status types.UserStatusType
	// Enabled reports whether the user may sign in.
	Enabled bool
	// Created and Modified are the times when the user was created and last changed.
	Created, Modified time.Time
	// MFAMethods are the user's second factors, such as SOFTWARE_TOKEN_MFA. PreferredMFA is the one
	// that the pool asks for first. They are nil and "" for a user without second factors, and for
	// users in lists, which do not return them.
	MFAMethods   []string
	PreferredMFA string

	client *Cognito
	names  attributeNames
	loaded Attributes // the baseline for changes, under the pool's names
	err    error      // of the options of UserFromAttributes; the user cannot be saved then
}

// Format prints the user's name and status, for every verb.
func (u User) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, u.text()) }

// LogValue returns the user's name and status.
func (u User) LogValue() slog.Value { return slog.StringValue(u.text()) }

func (u User) text() string {
	if u.Status == "" {
		return "User{" + u.Username + "}"
	}
	return "User{" + u.Username + ", " + string(u.Status) + "}"
}

// GetUser returns the signed-in user. The result has no Status, Enabled and dates;
// [Cognito.AdminGetUser] returns them. The service checks the access token, so GetUser also detects
// that the token was revoked. An expired access token is refreshed first. It takes the option
// [AttributeMap]. Common errors: [ErrNotSignedIn], [ErrTokenRevoked].
//
// It calls GetUser with the session's access token.
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

// AdminGetUser returns the user username, who may be named by an alias. It takes the option
// [AttributeMap]. Common errors: [ErrUserNotFound].
//
// It calls AdminGetUser. Requires AWS credentials.
func (c *Cognito) AdminGetUser(ctx context.Context, username string, opts ...CallOption) (*User, error) {
	call, err := newCallOptions(opts, optAttributeMap)
	if err != nil {
		return nil, wrapError("AdminGetUser", err)
	}
	var user *User
	err = c.adminCall("AdminGetUser", username, func(poolID, username *string) error {
		in := &cognitoidentityprovider.AdminGetUserInput{UserPoolId: poolID, Username: username}
		out, err := c.shared().sdk.AdminGetUser(ctx, in)
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

// ListUsers returns all users, or those that the options select. It returns nil if there are none,
// or with an error. To keep only one page in memory, use [Cognito.Users]. It takes the options
// [Limit], [PageSize], [FilterEquals], [FilterPrefix], [SelectAttributes] and [AttributeMap].
//
// It calls ListUsers for each page. Requires AWS credentials.
func (c *Cognito) ListUsers(ctx context.Context, opts ...CallOption) ([]*User, error) {
	return collect(wrapErrors("ListUsers", c.users(ctx, opts)))
}

// GetUsers is [Cognito.ListUsers] under its name in pycognito. It takes the options [Limit],
// [PageSize], [FilterEquals], [FilterPrefix], [SelectAttributes] and [AttributeMap].
//
// It calls ListUsers for each page. Requires AWS credentials.
func (c *Cognito) GetUsers(ctx context.Context, opts ...CallOption) ([]*User, error) {
	users, err := collect(c.users(ctx, opts))
	return users, wrapError("GetUsers", err)
}

// Users ranges over all users, or those that the options select. It fetches pages as the range
// proceeds and keeps only one. Each range starts from the beginning. It ends with the first error,
// which is yielded with a nil user. It takes the options [Limit], [PageSize], [FilterEquals],
// [FilterPrefix], [SelectAttributes] and [AttributeMap].
//
// It calls ListUsers for each page. Requires AWS credentials.
func (c *Cognito) Users(ctx context.Context, opts ...CallOption) iter.Seq2[*User, error] {
	return wrapErrors("Users", c.users(ctx, opts))
}

func (c *Cognito) users(ctx context.Context, opts []CallOption) iter.Seq2[*User, error] {
	call, err := newCallOptions(opts, optLimit, optPageSize, optFilter, optSelectAttributes, optAttributeMap)
	if err != nil {
		return failed[*User](err)
	}
	fetch := func(ctx context.Context, token *string, size *int32) (page[types.UserType], error) {
		out, err := c.shared().sdk.ListUsers(ctx, &cognitoidentityprovider.ListUsersInput{
			UserPoolId: aws.String(c.shared().id), PaginationToken: token, Limit: size,
			Filter: optional(call.list.filter), AttributesToGet: call.list.selected,
		})
		if err != nil {
			return page[types.UserType]{}, err
		}
		return page[types.UserType]{out.Users, out.PaginationToken}, nil
	}
	return mapped(pages(ctx, call.list, fetch), func(u types.UserType) (*User, error) {
		return c.userFromType(u, call.attributes)
	})
}

// UserFromAttributes makes a User from the response of another call of the service. It makes no
// request. username is not looked up. list is taken as the user's stored attributes, so [User.Save]
// sends the attributes that differ from it. It takes the option [AttributeMap]. An invalid option
// is reported when the user is saved.
func (c *Cognito) UserFromAttributes(username string, list []types.AttributeType, opts ...CallOption) *User {
	call, err := newCallOptions(opts, optAttributeMap)
	if err == nil {
		var user *User
		if user, err = c.newUser(username, list, call.attributes); err == nil {
			return user
		}
	}
	user, _ := c.newUser(username, list, attributeNames{}) // never fails without AttributeMap
	user.err = err
	return user
}

// userFromType returns the User for a user in the SDK's form.
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
	verifiedSuffix = "_verified" // of email_verified and phone_number_verified; only an administrator sets them
)

// Save writes the attributes that have changed since the user was read, with the access token of
// the session that read the user. It makes no request if nothing has changed. An attribute that is
// missing from the map is deleted. A change of sub, identities, email_verified or
// phone_number_verified is rejected, because a user may not make it; unchanged, they are never
// sent. If the session is now another user's, Save returns an error and makes no request.
//
// Save returns where codes were sent to verify new addresses, or nil if none was sent. On success
// the current attributes become the baseline for the next Save. Fetch the user again to see
// server-side changes, such as a pending address. It takes the option [ClientMetadata]. Common
// errors: [ErrNotSignedIn], and [ErrUserExists] if an address is another user's.
//
// It calls UpdateUserAttributes with the session's access token.
func (u *User) Save(ctx context.Context, opts ...CallOption) ([]CodeDelivery, error) {
	deliveries, err := u.save(ctx, opts)
	return deliveries, wrapError("User.Save", err)
}

func (u *User) save(ctx context.Context, opts []CallOption) ([]CodeDelivery, error) {
	call, changes, err := u.prepare(opts,
		attrSub, attrIdentities, "email"+verifiedSuffix, "phone_number"+verifiedSuffix)
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

// AdminSave writes the attributes that have changed since the user was read, as an administrator.
// It makes no request if nothing has changed. An attribute that is missing from the map is deleted.
// Only sub and identities cannot be changed. AdminSave always changes this user, whoever is signed
// in. The returned deliveries are always nil, because the service does not tell an administrator
// where codes were sent. On success the current attributes become the baseline for the next save.
// It takes the option [ClientMetadata]. Common errors: [ErrUserNotFound], and [ErrUserExists] if an
// address is another user's.
//
// It calls AdminUpdateUserAttributes. Requires AWS credentials.
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

// Delete deletes this user, with the access token of the session that read the user. The session
// and its [TokenStore] then have no tokens. If the session is now another user's, Delete returns an
// error and makes no request. Common errors: [ErrNotSignedIn].
//
// It calls DeleteUser with the session's access token.
func (u *User) Delete(ctx context.Context) error {
	if u.client == nil {
		return wrapError("User.Delete", errNoClient)
	}
	return wrapError("User.Delete", u.client.deleteUser(ctx, u.checkOwner))
}

// AdminDelete deletes this user, as an administrator, whoever is signed in. Common errors:
// [ErrUserNotFound].
//
// It calls AdminDeleteUser. Requires AWS credentials.
func (u *User) AdminDelete(ctx context.Context) error {
	if u.client == nil {
		return wrapError("User.AdminDelete", errNoClient)
	}
	return u.client.adminDeleteUser(ctx, "User.AdminDelete", u.Username)
}

var errNoClient = errors.New("the user: want one from a method of Cognito, such as GetUser or UserFromAttributes")

// checkOwner rejects tokens of another user: a call with them would change that user. The tokens
// need not be verified, since the service rejects forged ones itself.
func (u *User) checkOwner(tokens *tokenSet) error {
	sub := u.loaded[attrSub]
	switch {
	case tokens.subject == "" && tokens.username == "":
		return errors.New("access token: want the claim sub or username, got neither")
	case sub != "" && tokens.subject == sub, sub == "" && u.Username != "" && tokens.username == u.Username:
		return nil
	case tokens.username == u.Username:
		return fmt.Errorf("the session belongs to another user called %s: its access token has another sub",
			quote(u.Username))
	default:
		return fmt.Errorf("the session belongs to %s, not to %s; AdminSave and AdminDelete work for any user",
			quote(tokens.username), quote(u.Username))
	}
}

// prepare returns the changed attributes, and rejects changes of the attributes fixed.
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
			reason = "it is missing from the user's Attributes, which would delete it; " + reason
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

// changed returns the changes that turn the attributes from into the attributes to. An empty value
// deletes an attribute.
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

// saved makes the current attributes the baseline for later changes.
func (u *User) saved() error {
	loaded, err := u.names.toPool(u.Attributes)
	if err == nil {
		u.loaded = loaded
	}
	return err
}

// createOptions are the options of AdminCreateUser. A zero field means the option was not given.
type createOptions struct {
	password string
	action   types.MessageActionType
	mediums  []types.DeliveryMediumType
}

// TemporaryPassword sets the password that a new user signs in with once; see
// [Cognito.AdminCreateUser]. By default, or if password is empty, the service generates one. In a
// pool where users can sign in with codes, a user with a verified address gets no password and is
// confirmed at once.
func TemporaryPassword(password string) CallOption {
	return callOption(func(o *callOptions) {
		o.given = append(o.given, optTemporaryPassword)
		o.create.password = password
	})
}

// MessageAction sets what happens to the invitation of a new user: SUPPRESS sends none, and RESEND
// sends it again to a user who has not signed in yet. See [Cognito.AdminCreateUser].
func MessageAction(action types.MessageActionType) CallOption {
	return callOption(func(o *callOptions) {
		o.given = append(o.given, optMessageAction)
		if action == "" {
			o.refuse(optMessageAction, "want RESEND or SUPPRESS, got none")
		}
		o.create.action = action
	})
}

// DeliveryMediums sets how the invitation of a new user is sent: SMS, EMAIL or both. See
// [Cognito.AdminCreateUser]. By default the service sends it by SMS.
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

// AdminCreateUser creates a user and sends an invitation with a temporary password. The user must
// change the password at the first sign-in ([ErrNewPasswordRequired]). In a pool whose users sign
// in with an e-mail address or a phone number, username is that address or number. attrs may be
// nil; with "email_verified": "true" the user needs no code to verify the address. The session does
// not change.
//
// It takes the options [TemporaryPassword], [MessageAction], [DeliveryMediums],
// [ForceAliasCreation], [AttributeMap], [ClientMetadata] and [ValidationData]. Common errors:
// [ErrUserExists], [ErrInvalidPassword].
//
// It calls AdminCreateUser. Not retried automatically. Requires AWS credentials.
func (c *Cognito) AdminCreateUser(
	ctx context.Context, username string, attrs Attributes, opts ...CallOption,
) (*User, error) {
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

// adminCall makes a call about the user username. It never uses the session's user.
func (c *Cognito) adminCall(op, username string, call func(poolID, username *string) error) error {
	if username == "" {
		return wrapError(op, errNoUsername)
	}
	return wrapError(op, call(aws.String(c.shared().id), aws.String(username)))
}

// AdminConfirmSignUp confirms the user username, who signed up, without a code. It takes the option
// [ClientMetadata]. Common errors: [ErrUserNotFound], [ErrUserConfirmed].
//
// It calls AdminConfirmSignUp. Requires AWS credentials.
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

// AdminUpdateProfile sets attributes of the user username. Attributes that are not in attrs stay
// unchanged, and an empty value deletes an attribute. attrs may set email_verified and
// phone_number_verified. An address that is changed without them is no longer verified. The
// returned deliveries are always nil, because the service does not tell an administrator where
// codes were sent. It takes the options [ClientMetadata] and [AttributeMap]. Common errors:
// [ErrUserNotFound], and [ErrUserExists] if an address is another user's.
//
// It calls AdminUpdateUserAttributes. Requires AWS credentials.
func (c *Cognito) AdminUpdateProfile(
	ctx context.Context, username string, attrs Attributes, opts ...CallOption,
) ([]CodeDelivery, error) {
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

func (c *Cognito) adminUpdateAttributes(
	ctx context.Context, op, username string, list []types.AttributeType, metadata map[string]string,
) error {
	return c.adminCall(op, username, func(poolID, username *string) error {
		_, err := c.shared().sdk.AdminUpdateUserAttributes(ctx, &cognitoidentityprovider.AdminUpdateUserAttributesInput{
			UserPoolId: poolID, Username: username, UserAttributes: list, ClientMetadata: metadata,
		}, onceIfAddressed(list))
		return err
	})
}

// AdminDeleteAttributes deletes attributes of the user username. names are the names in the pool;
// at least one is required. Common errors: [ErrUserNotFound].
//
// It calls AdminDeleteUserAttributes. Requires AWS credentials.
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

// AdminResetPassword invalidates the password of the user username and sends the user a code. The
// user then sets a new password with [Cognito.ConfirmForgotPassword]. Until then sign-ins fail with
// [ErrPasswordResetRequired]. It takes the option [ClientMetadata]. Common errors:
// [ErrUserNotFound], [ErrPasswordResetNotAllowed], [ErrLimitExceeded].
//
// It calls AdminResetUserPassword. Not retried automatically. Requires AWS credentials.
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

// AdminSetPassword sets the password of the user username. If permanent is set, the user becomes
// confirmed. Otherwise the password is temporary, and the user must choose another one at the next
// sign-in ([ErrNewPasswordRequired]). Common errors: [ErrUserNotFound], [ErrInvalidPassword].
//
// It calls AdminSetUserPassword. Requires AWS credentials.
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
// It calls AdminDeleteUser. Requires AWS credentials.
func (c *Cognito) AdminDeleteUser(ctx context.Context, username string) error {
	return c.adminDeleteUser(ctx, "AdminDeleteUser", username)
}

func (c *Cognito) adminDeleteUser(ctx context.Context, op, username string) error {
	return c.adminCall(op, username, func(poolID, username *string) error {
		in := &cognitoidentityprovider.AdminDeleteUserInput{UserPoolId: poolID, Username: username}
		_, err := c.shared().sdk.AdminDeleteUser(ctx, in)
		return err
	})
}

// AdminEnableUser allows the user username to sign in again. Common errors: [ErrUserNotFound].
//
// It calls AdminEnableUser. Requires AWS credentials.
func (c *Cognito) AdminEnableUser(ctx context.Context, username string) error {
	return c.adminCall("AdminEnableUser", username, func(poolID, username *string) error {
		in := &cognitoidentityprovider.AdminEnableUserInput{UserPoolId: poolID, Username: username}
		_, err := c.shared().sdk.AdminEnableUser(ctx, in)
		return err
	})
}

// AdminDisableUser prevents the user username from signing in and revokes the user's tokens.
// Servers that verify tokens offline accept them until they expire. The user stays in lists. Common
// errors: [ErrUserNotFound].
//
// It calls AdminDisableUser. Requires AWS credentials.
func (c *Cognito) AdminDisableUser(ctx context.Context, username string) error {
	return c.adminCall("AdminDisableUser", username, func(poolID, username *string) error {
		in := &cognitoidentityprovider.AdminDisableUserInput{UserPoolId: poolID, Username: username}
		_, err := c.shared().sdk.AdminDisableUser(ctx, in)
		return err
	})
}

// AdminSignOut signs the user username out everywhere. It revokes all of the user's refresh tokens,
// and the service rejects the access tokens. Servers that verify tokens offline accept them until
// they expire. Common errors: [ErrUserNotFound].
//
// It calls AdminUserGlobalSignOut. Requires AWS credentials.
func (c *Cognito) AdminSignOut(ctx context.Context, username string) error {
	return c.adminCall("AdminSignOut", username, func(poolID, username *string) error {
		in := &cognitoidentityprovider.AdminUserGlobalSignOutInput{UserPoolId: poolID, Username: username}
		_, err := c.shared().sdk.AdminUserGlobalSignOut(ctx, in)
		return err
	})
}
