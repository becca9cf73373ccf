package cognito

import (
	"context"
	"iter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// AdminAddUserToGroup makes the user username a member of group; that the user is one already is no error. Tokens say
// so from the next sign-in or refresh on. [ErrUserNotFound] and [ErrGroupNotFound] are the usual errors.
//
// It calls AdminAddUserToGroup, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminAddUserToGroup(ctx context.Context, username, group string) error {
	if group == "" {
		return wrapError("AdminAddUserToGroup", errNoGroup)
	}
	return c.adminCall("AdminAddUserToGroup", username, func(poolID, username *string) error {
		_, err := c.pool.sdk.AdminAddUserToGroup(ctx, &cognitoidentityprovider.AdminAddUserToGroupInput{
			UserPoolId: poolID, Username: username, GroupName: aws.String(group),
		})
		return err
	})
}

// AdminRemoveUserFromGroup ends the membership of the user username in group. Tokens say so from the next sign-in or
// refresh on. [ErrUserNotFound] and [ErrGroupNotFound] are the usual errors.
//
// It calls AdminRemoveUserFromGroup, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminRemoveUserFromGroup(ctx context.Context, username, group string) error {
	if group == "" {
		return wrapError("AdminRemoveUserFromGroup", errNoGroup)
	}
	return c.adminCall("AdminRemoveUserFromGroup", username, func(poolID, username *string) error {
		_, err := c.pool.sdk.AdminRemoveUserFromGroup(ctx, &cognitoidentityprovider.AdminRemoveUserFromGroupInput{
			UserPoolId: poolID, Username: username, GroupName: aws.String(group),
		})
		return err
	})
}

// AdminListGroupsForUser reads all groups that the user username is in; nil when there are none. It takes the options
// [Limit] and [PageSize]; [ErrUserNotFound] is the usual error. A user's own tokens name them, too: see [AccessClaims].
//
// It calls AdminListGroupsForUser for each page, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminListGroupsForUser(ctx context.Context, username string, opts ...CallOption) ([]*Group, error) {
	groups, err := collect(c.groupsForUser(ctx, username, opts))
	return groups, wrapError("AdminListGroupsForUser", err)
}

// GroupsForUser ranges over all groups that the user username is in, as [Cognito.Users] does over users. It takes the
// options [Limit] and [PageSize]; [ErrUserNotFound] is the usual error.
//
// It calls AdminListGroupsForUser for each page, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) GroupsForUser(ctx context.Context, username string, opts ...CallOption) iter.Seq2[*Group, error] {
	return wrapErrors("GroupsForUser", c.groupsForUser(ctx, username, opts))
}

func (c *Cognito) groupsForUser(ctx context.Context, username string, opts []CallOption) iter.Seq2[*Group, error] {
	if username == "" {
		return failed[*Group](errNoUsername)
	}
	return groupList(ctx, opts, func(ctx context.Context, token *string, size *int32) (page[types.GroupType], error) {
		out, err := c.pool.sdk.AdminListGroupsForUser(ctx, &cognitoidentityprovider.AdminListGroupsForUserInput{
			UserPoolId: aws.String(c.pool.id), Username: aws.String(username), NextToken: token, Limit: size,
		})
		if err != nil {
			return page[types.GroupType]{}, err
		}
		return page[types.GroupType]{out.Groups, out.NextToken}, nil
	})
}

// UsersInGroup ranges over the members of group, as [Cognito.Users] does over users. It takes the options [Limit],
// [PageSize] and [AttributeMap]; [ErrGroupNotFound] is the usual error.
//
// It calls ListUsersInGroup for each page, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) UsersInGroup(ctx context.Context, group string, opts ...CallOption) iter.Seq2[*User, error] {
	return wrapErrors("UsersInGroup", c.usersInGroup(ctx, group, opts))
}

func (c *Cognito) usersInGroup(ctx context.Context, group string, opts []CallOption) iter.Seq2[*User, error] {
	call, err := newCallOptions(opts, optLimit, optPageSize, optAttributeMap)
	if err != nil {
		return failed[*User](err)
	}
	if group == "" {
		return failed[*User](errNoGroup)
	}
	return mapped(pages(ctx, call.list, func(ctx context.Context, token *string, size *int32) (page[types.UserType], error) {
		out, err := c.pool.sdk.ListUsersInGroup(ctx, &cognitoidentityprovider.ListUsersInGroupInput{
			UserPoolId: aws.String(c.pool.id), GroupName: aws.String(group), NextToken: token, Limit: size,
		})
		if err != nil {
			return page[types.UserType]{}, err
		}
		return page[types.UserType]{out.Users, out.NextToken}, nil
	}), func(u types.UserType) (*User, error) { return c.userFromType(u, call.attributes) })
}
