package cognito_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
)

func TestGroups(t *testing.T) {
	t.Parallel()
	_, c := poolWithCarol(t)
	made, err := c.CreateGroup(t.Context(), cognito.Group{Name: "writers", Description: "may write", RoleARN: testRole, Precedence: aws.Int32(0)})
	require.NoError(t, err)
	assert.Equal(t, "writers", made.Name)
	assert.False(t, made.Created.IsZero())
	_, err = c.CreateGroup(t.Context(), cognito.Group{Name: "writers"})
	require.ErrorIs(t, err, cognito.ErrGroupExists)

	got, err := c.GetGroup(t.Context(), "writers")
	require.NoError(t, err)
	assert.Equal(t, made, got)
	got.Description, got.Precedence = "", aws.Int32(3)
	_, err = c.UpdateGroup(t.Context(), *got)
	require.NoError(t, err)
	got, err = c.GetGroup(t.Context(), "writers")
	require.NoError(t, err)
	assert.Empty(t, got.Description)
	assert.Equal(t, testRole, got.RoleARN)
	assert.Equal(t, aws.Int32(3), got.Precedence)

	require.NoError(t, c.DeleteGroup(t.Context(), "writers"))
	_, err = c.GetGroup(t.Context(), "writers")
	require.ErrorIs(t, err, cognito.ErrGroupNotFound)
	_, err = c.UpdateGroup(t.Context(), *got)
	require.ErrorIs(t, err, cognito.ErrGroupNotFound)
	require.ErrorIs(t, c.DeleteGroup(t.Context(), "writers"), cognito.ErrGroupNotFound)
}

// pycognito gives names only.
func TestGroupsOfAUserAreWholeGroups(t *testing.T) {
	t.Parallel()
	_, c := poolWithCarol(t)
	_, err := c.CreateGroup(t.Context(), cognito.Group{Name: "writers", Description: "may write"})
	require.NoError(t, err)
	groups, err := c.AdminListGroupsForUser(t.Context(), "carol")
	require.NoError(t, err)
	assert.Nil(t, groups)
	require.NoError(t, c.AdminAddUserToGroup(t.Context(), "carol", "writers"))
	require.NoError(t, c.AdminAddUserToGroup(t.Context(), "carol", "writers"), "once more is no error")
	groups, err = c.AdminListGroupsForUser(t.Context(), "carol")
	require.NoError(t, err)
	require.Len(t, groups, 1)
	assert.Equal(t, "may write", groups[0].Description)

	carol := c.ForUser("carol")
	require.NoError(t, carol.Authenticate(t.Context(), testPassword))
	assert.Equal(t, []string{"writers"}, carol.AccessClaims().Groups)
	require.NoError(t, c.AdminRemoveUserFromGroup(t.Context(), "carol", "writers"))
	require.NoError(t, carol.RenewAccessToken(t.Context()))
	assert.Empty(t, carol.AccessClaims().Groups)

	require.ErrorIs(t, c.AdminAddUserToGroup(t.Context(), "carol", "nobody"), cognito.ErrGroupNotFound)
	require.ErrorIs(t, c.AdminAddUserToGroup(t.Context(), "nobody", "writers"), cognito.ErrUserNotFound)
	require.ErrorIs(t, last(c.UsersInGroup(t.Context(), "nobody")), cognito.ErrGroupNotFound)
}

func TestBadGroupArgumentsAreRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	srv, c := poolWithCarol(t)
	before := len(srv.Requests())
	_, errGet := c.GetGroup(t.Context(), "")
	_, errCreate := c.CreateGroup(t.Context(), cognito.Group{})
	_, errUpdate := c.UpdateGroup(t.Context(), cognito.Group{})
	for _, err := range []error{
		errGet, errCreate, errUpdate, c.DeleteGroup(t.Context(), ""),
		c.AdminAddUserToGroup(t.Context(), "carol", ""), c.AdminRemoveUserFromGroup(t.Context(), "carol", ""),
	} {
		require.ErrorContains(t, err, "group: want the name of a group")
	}
	require.ErrorContains(t, c.AdminAddUserToGroup(t.Context(), "", "readers"), "username")
	assert.Len(t, srv.Requests(), before)
}

func TestGroupFromType(t *testing.T) {
	t.Parallel()
	c, err := cognito.New(testPool, testClient)
	require.NoError(t, err)
	created := time.Unix(1.7e9, 0)
	precedence := aws.Int32(1)
	got := c.GroupFromType(types.GroupType{
		GroupName: aws.String("g"), Description: aws.String("d"), RoleArn: aws.String("r"), Precedence: precedence, CreationDate: &created,
	})
	assert.Equal(t, &cognito.Group{Name: "g", Description: "d", RoleARN: "r", Precedence: aws.Int32(1), Created: created}, got)
	*precedence = 9
	assert.Equal(t, int32(1), *got.Precedence, "it is a copy")
	assert.Equal(t, "[Group{g}] Group{g}", fmt.Sprintf("%v %+v", []*cognito.Group{got}, *got))
	assert.Equal(t, &cognito.Group{}, c.GroupFromType(types.GroupType{}))
}
