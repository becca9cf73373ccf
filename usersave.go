package cognito

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

const (
	attrSub        = "sub"
	attrIdentities = "identities"
	verifiedSuffix = "_verified" // of email_verified and phone_number_verified, which only an administrator sets
)

// Save writes the attributes that have changed since the user was read, with the access token of the session that
// read it; nothing is sent when none has. An attribute that is gone from the map is deleted. A change of sub,
// identities, email_verified or phone_number_verified is refused, since a user may not make it; unchanged they are
// never sent. The session must be that of this very user: when it is another's, nothing is sent. Afterwards the user
// counts as read; read it again to see what the pool made of a new address. It takes the option [ClientMetadata];
// [ErrUserExists] says that an address is another user's.
//
// It calls UpdateUserAttributes, which needs no AWS credentials but an access token: without one it returns
// [ErrNotSignedIn].
func (u *User) Save(ctx context.Context, opts ...CallOption) error {
	return wrapError("User.Save", u.save(ctx, opts))
}

func (u *User) save(ctx context.Context, opts []CallOption) error {
	call, changes, err := u.prepare(opts, attrSub, attrIdentities, "email"+verifiedSuffix, "phone_number"+verifiedSuffix)
	if err != nil || len(changes) == 0 {
		return err
	}
	tokens, err := u.client.accessToken(ctx)
	if err != nil {
		return err
	}
	if err := u.checkOwner(tokens); err != nil {
		return err
	}
	if _, err := u.client.updateAttributes(ctx, tokens, changes, call.metadata); err != nil {
		return err
	}
	return u.saved()
}

// AdminSave writes the attributes that have changed since the user was read, as an administrator; nothing is sent when
// none has. An attribute that is gone from the map is deleted. Of the attributes only sub and identities cannot be
// changed. It is always about this user, whoever is signed in. It takes the option [ClientMetadata]; [ErrUserNotFound]
// and [ErrUserExists], which says that an address is another user's, are the usual errors.
//
// It calls AdminUpdateUserAttributes, which needs AWS credentials ([ErrNoCredentials]).
func (u *User) AdminSave(ctx context.Context, opts ...CallOption) error {
	call, changes, err := u.prepare(opts, attrSub, attrIdentities)
	if err != nil || len(changes) == 0 {
		return wrapError("User.AdminSave", err)
	}
	if err := u.client.adminUpdateAttributes(ctx, "User.AdminSave", u.Username, changes, call.metadata); err != nil {
		return err
	}
	return wrapError("User.AdminSave", u.saved())
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

// AdminDelete deletes this user, as an administrator, whoever is signed in. [ErrUserNotFound] is the usual error.
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
func (u *User) checkOwner(tokens Tokens) error {
	claims, sub := unverifiedClaims(tokens.AccessToken), u.loaded[attrSub]
	switch {
	case claims == nil:
		return errors.New("access token: its claims cannot be read, to tell whether it is this user's")
	case sub != "" && claims.subject == sub, sub == "" && u.Username != "" && claims.username == u.Username:
		return nil
	case claims.username == u.Username:
		return fmt.Errorf("the session is that of another user called %s: the sub of its access token is not this user's", quote(u.Username))
	default:
		return fmt.Errorf("the session is that of %s, not of %s; AdminSave and AdminDelete work for any user", quote(claims.username), quote(u.Username))
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
