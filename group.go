package cognito

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// Group is a group of users of the pool, as it was when it was read.
type Group struct {
	// Name identifies the group. It cannot be changed.
	Name string
	// Description describes the group. It is empty if the group has none.
	Description string
	// RoleARN is the IAM role of the group's members. It is empty if the group has none.
	RoleARN string
	// Precedence ranks the group among a user's groups when one of their roles must be chosen. 0
	// ranks first, and nil last.
	Precedence *int32
	// Created and Modified are the times when the group was created and last changed.
	Created, Modified time.Time
}

// String returns the group's name in the form Group{readers}.
func (g Group) String() string { return "Group{" + g.Name + "}" }

// GroupFromType converts a group from the SDK into a Group. It makes no request.
func (c *Cognito) GroupFromType(g types.GroupType) *Group { return newGroup(g) }

func newGroup(g types.GroupType) *Group {
	group := &Group{
		Name: aws.ToString(g.GroupName), Description: aws.ToString(g.Description), RoleARN: aws.ToString(g.RoleArn),
		Created: aws.ToTime(g.CreationDate), Modified: aws.ToTime(g.LastModifiedDate),
	}
	if g.Precedence != nil {
		group.Precedence = aws.Int32(*g.Precedence)
	}
	return group
}

// GetGroup returns the group called name. Common errors: [ErrGroupNotFound].
//
// It calls GetGroup. Requires AWS credentials.
func (c *Cognito) GetGroup(ctx context.Context, name string) (*Group, error) {
	return c.groupCall("GetGroup", name, func(poolID, name *string) (*types.GroupType, error) {
		input := &cognitoidentityprovider.GetGroupInput{UserPoolId: poolID, GroupName: name}
		out, err := c.shared().sdk.GetGroup(ctx, input)
		if err != nil {
			return nil, err
		}
		return out.Group, nil
	})
}

// CreateGroup creates the group g and returns it as the pool stores it. It ignores g.Created and
// g.Modified. Common errors: [ErrGroupExists].
//
// It calls CreateGroup. Not retried automatically. Requires AWS credentials.
func (c *Cognito) CreateGroup(ctx context.Context, g Group) (*Group, error) {
	return c.groupCall("CreateGroup", g.Name, func(poolID, name *string) (*types.GroupType, error) {
		out, err := c.shared().sdk.CreateGroup(ctx, &cognitoidentityprovider.CreateGroupInput{
			UserPoolId: poolID, GroupName: name,
			Description: optional(g.Description), RoleArn: optional(g.RoleARN), Precedence: g.Precedence,
		}, sendOnce)
		if err != nil {
			return nil, err
		}
		return out.Group, nil
	})
}

// UpdateGroup changes the group g.Name to match g and returns the result. Get the group with
// [Cognito.GetGroup], change it and pass it to UpdateGroup. An empty Description is stored. The
// service cannot clear RoleARN or Precedence; empty values are not sent. Common errors:
// [ErrGroupNotFound].
//
// It calls UpdateGroup. Requires AWS credentials.
func (c *Cognito) UpdateGroup(ctx context.Context, g Group) (*Group, error) {
	return c.groupCall("UpdateGroup", g.Name, func(poolID, name *string) (*types.GroupType, error) {
		out, err := c.shared().sdk.UpdateGroup(ctx, &cognitoidentityprovider.UpdateGroupInput{
			UserPoolId: poolID, GroupName: name,
			Description: aws.String(g.Description), RoleArn: optional(g.RoleARN), Precedence: g.Precedence,
		})
		if err != nil {
			return nil, err
		}
		return out.Group, nil
	})
}

// DeleteGroup deletes the group called name. Its members remain users of the pool. Common errors:
// [ErrGroupNotFound].
//
// It calls DeleteGroup. Requires AWS credentials.
func (c *Cognito) DeleteGroup(ctx context.Context, name string) error {
	if name == "" {
		return wrapError("DeleteGroup", errNoGroup)
	}
	_, err := c.shared().sdk.DeleteGroup(ctx, &cognitoidentityprovider.DeleteGroupInput{
		UserPoolId: aws.String(c.shared().id), GroupName: aws.String(name),
	})
	return wrapError("DeleteGroup", err)
}

// groupCall makes a call that returns the group called name.
func (c *Cognito) groupCall(
	op, name string, call func(poolID, name *string) (*types.GroupType, error),
) (*Group, error) {
	if name == "" {
		return nil, wrapError(op, errNoGroup)
	}
	g, err := call(aws.String(c.shared().id), aws.String(name))
	if err == nil && g == nil {
		err = errors.New("the service's answer: want a group, got none")
	}
	if err != nil {
		return nil, wrapError(op, err)
	}
	return newGroup(*g), nil
}

// ListGroups returns all groups of the pool, or nil if there are none. It takes the options [Limit]
// and [PageSize].
//
// It calls ListGroups for each page. Requires AWS credentials.
func (c *Cognito) ListGroups(ctx context.Context, opts ...CallOption) ([]*Group, error) {
	return collect(wrapErrors("ListGroups", c.groups(ctx, opts)))
}

// GetGroups is [Cognito.ListGroups] under its name in pycognito. It takes the options [Limit] and
// [PageSize].
//
// It calls ListGroups for each page. Requires AWS credentials.
func (c *Cognito) GetGroups(ctx context.Context, opts ...CallOption) ([]*Group, error) {
	groups, err := collect(c.groups(ctx, opts))
	return groups, wrapError("GetGroups", err)
}

// Groups ranges over all groups of the pool. It fetches pages as the range proceeds, like
// [Cognito.Users]. It takes the options [Limit] and [PageSize].
//
// It calls ListGroups for each page. Requires AWS credentials.
func (c *Cognito) Groups(ctx context.Context, opts ...CallOption) iter.Seq2[*Group, error] {
	return wrapErrors("Groups", c.groups(ctx, opts))
}

func (c *Cognito) groups(ctx context.Context, opts []CallOption) iter.Seq2[*Group, error] {
	return groupList(ctx, opts, func(ctx context.Context, token *string, size *int32) (page[types.GroupType], error) {
		out, err := c.shared().sdk.ListGroups(ctx, &cognitoidentityprovider.ListGroupsInput{
			UserPoolId: aws.String(c.shared().id), NextToken: token, Limit: size,
		})
		if err != nil {
			return page[types.GroupType]{}, err
		}
		return page[types.GroupType]{out.Groups, out.NextToken}, nil
	})
}

// groupList ranges over the groups of the pages that fetch returns.
func groupList(ctx context.Context, opts []CallOption, fetch fetchPage[types.GroupType]) iter.Seq2[*Group, error] {
	call, err := newCallOptions(opts, optLimit, optPageSize)
	if err != nil {
		return failed[*Group](err)
	}
	return mapped(pages(ctx, call.list, fetch), func(g types.GroupType) (*Group, error) { return newGroup(g), nil })
}

var errNoGroup = fieldError("group", "want the name of a group, got none")

// AdminAddUserToGroup adds the user username to group. Adding a user who is already a member is not
// an error. Tokens contain the group after the next sign-in or refresh. Common errors:
// [ErrUserNotFound], [ErrGroupNotFound].
//
// It calls AdminAddUserToGroup. Requires AWS credentials.
func (c *Cognito) AdminAddUserToGroup(ctx context.Context, username, group string) error {
	if group == "" {
		return wrapError("AdminAddUserToGroup", errNoGroup)
	}
	return c.adminCall("AdminAddUserToGroup", username, func(poolID, username *string) error {
		_, err := c.shared().sdk.AdminAddUserToGroup(ctx, &cognitoidentityprovider.AdminAddUserToGroupInput{
			UserPoolId: poolID, Username: username, GroupName: aws.String(group),
		})
		return err
	})
}

// AdminRemoveUserFromGroup removes the user username from group. Tokens no longer contain the group
// after the next sign-in or refresh. Common errors: [ErrUserNotFound], [ErrGroupNotFound].
//
// It calls AdminRemoveUserFromGroup. Requires AWS credentials.
func (c *Cognito) AdminRemoveUserFromGroup(ctx context.Context, username, group string) error {
	if group == "" {
		return wrapError("AdminRemoveUserFromGroup", errNoGroup)
	}
	return c.adminCall("AdminRemoveUserFromGroup", username, func(poolID, username *string) error {
		_, err := c.shared().sdk.AdminRemoveUserFromGroup(ctx, &cognitoidentityprovider.AdminRemoveUserFromGroupInput{
			UserPoolId: poolID, Username: username, GroupName: aws.String(group),
		})
		return err
	})
}

// AdminListGroupsForUser returns all groups of the user username, or nil if there are none. It
// takes the options [Limit] and [PageSize]. The user's tokens contain the group names, too; see
// [AccessClaims]. Common errors: [ErrUserNotFound].
//
// It calls AdminListGroupsForUser for each page. Requires AWS credentials.
func (c *Cognito) AdminListGroupsForUser(ctx context.Context, username string, opts ...CallOption) ([]*Group, error) {
	groups, err := collect(c.groupsForUser(ctx, username, opts))
	return groups, wrapError("AdminListGroupsForUser", err)
}

// GroupsForUser ranges over all groups of the user username. It fetches pages as the range
// proceeds, like [Cognito.Users]. It takes the options [Limit] and [PageSize]. Common errors:
// [ErrUserNotFound].
//
// It calls AdminListGroupsForUser for each page. Requires AWS credentials.
func (c *Cognito) GroupsForUser(ctx context.Context, username string, opts ...CallOption) iter.Seq2[*Group, error] {
	return wrapErrors("GroupsForUser", c.groupsForUser(ctx, username, opts))
}

func (c *Cognito) groupsForUser(ctx context.Context, username string, opts []CallOption) iter.Seq2[*Group, error] {
	if username == "" {
		return failed[*Group](errNoUsername)
	}
	return groupList(ctx, opts, func(ctx context.Context, token *string, size *int32) (page[types.GroupType], error) {
		out, err := c.shared().sdk.AdminListGroupsForUser(ctx, &cognitoidentityprovider.AdminListGroupsForUserInput{
			UserPoolId: aws.String(c.shared().id), Username: aws.String(username), NextToken: token, Limit: size,
		})
		if err != nil {
			return page[types.GroupType]{}, err
		}
		return page[types.GroupType]{out.Groups, out.NextToken}, nil
	})
}

// UsersInGroup ranges over the members of group. It fetches pages as the range proceeds, like
// [Cognito.Users]. It takes the options [Limit], [PageSize] and [AttributeMap]. Common errors:
// [ErrGroupNotFound].
//
// It calls ListUsersInGroup for each page. Requires AWS credentials.
func (c *Cognito) UsersInGroup(ctx context.Context, group string, opts ...CallOption) iter.Seq2[*User, error] {
	return wrapErrors("UsersInGroup", c.usersInGroup(ctx, group, opts))
}

// ListUsersInGroup returns all members of group, or nil if there are none. It takes the options
// [Limit], [PageSize] and [AttributeMap]. Common errors: [ErrGroupNotFound].
//
// It calls ListUsersInGroup for each page. Requires AWS credentials.
func (c *Cognito) ListUsersInGroup(ctx context.Context, group string, opts ...CallOption) ([]*User, error) {
	return collect(wrapErrors("ListUsersInGroup", c.usersInGroup(ctx, group, opts)))
}

func (c *Cognito) usersInGroup(ctx context.Context, group string, opts []CallOption) iter.Seq2[*User, error] {
	call, err := newCallOptions(opts, optLimit, optPageSize, optAttributeMap)
	if err != nil {
		return failed[*User](err)
	}
	if group == "" {
		return failed[*User](errNoGroup)
	}
	fetch := func(ctx context.Context, token *string, size *int32) (page[types.UserType], error) {
		out, err := c.shared().sdk.ListUsersInGroup(ctx, &cognitoidentityprovider.ListUsersInGroupInput{
			UserPoolId: aws.String(c.shared().id), GroupName: aws.String(group), NextToken: token, Limit: size,
		})
		if err != nil {
			return page[types.UserType]{}, err
		}
		return page[types.UserType]{out.Users, out.NextToken}, nil
	}
	convert := func(u types.UserType) (*User, error) { return c.userFromType(u, call.attributes) }
	return mapped(pages(ctx, call.list, fetch), convert)
}
