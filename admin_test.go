package cognito_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
)

// Every call about a user must say that there is none, as its documentation has it.
func TestAdminCallsForAUserWhoDoesNotExist(t *testing.T) {
	t.Parallel()
	_, c := poolWithCarol(t)
	ctx, name := t.Context(), cognito.Attributes{"name": "x"}
	changed := c.UserFromAttributes("nobody", nil)
	changed.Attributes["name"] = "x"
	for call, err := range map[string]error{
		"AdminConfirmSignUp":       c.AdminConfirmSignUp(ctx, "nobody"),
		"AdminUpdateProfile":       err1(c.AdminUpdateProfile(ctx, "nobody", name)),
		"AdminDeleteAttributes":    c.AdminDeleteAttributes(ctx, "nobody", "name"),
		"AdminResetPassword":       c.AdminResetPassword(ctx, "nobody"),
		"AdminSetPassword":         c.AdminSetPassword(ctx, "nobody", testPassword, true),
		"AdminDeleteUser":          c.AdminDeleteUser(ctx, "nobody"),
		"AdminEnableUser":          c.AdminEnableUser(ctx, "nobody"),
		"AdminDisableUser":         c.AdminDisableUser(ctx, "nobody"),
		"AdminSignOut":             c.AdminSignOut(ctx, "nobody"),
		"AdminGetUser":             err1(c.AdminGetUser(ctx, "nobody")),
		"AdminAddUserToGroup":      c.AdminAddUserToGroup(ctx, "nobody", "readers"),
		"AdminRemoveUserFromGroup": c.AdminRemoveUserFromGroup(ctx, "nobody", "readers"),
		"AdminListGroupsForUser":   err1(c.AdminListGroupsForUser(ctx, "nobody")),
		"GroupsForUser":            last(c.GroupsForUser(ctx, "nobody")),
		"User.AdminSave":           err1(changed.AdminSave(ctx)),
		"User.AdminDelete":         changed.AdminDelete(ctx),
		"AdminCreateUser, RESEND":  err1(c.AdminCreateUser(ctx, "nobody", nil, cognito.MessageAction(types.MessageActionTypeResend))),
	} {
		require.ErrorIs(t, err, cognito.ErrUserNotFound, call)
		var failed *cognito.Error
		require.ErrorAs(t, err, &failed, call)
	}
	_, err := c.DescribeUserPoolClient(ctx, "nobody")
	var missing *types.ResourceNotFoundException
	require.ErrorAs(t, err, &missing)
	users, err := c.GetUsers(ctx)
	require.NoError(t, err)
	assert.Len(t, users, 2, "bob and carol")
}

// What a caller does with a slice after it made an option of it must not change the option.
func TestOptionsKeepWhatTheyWereGiven(t *testing.T) {
	t.Parallel()
	srv, c := poolWithCarol(t)
	names, mediums := []string{"sub"}, []types.DeliveryMediumType{types.DeliveryMediumTypeEmail}
	selected, delivered := cognito.SelectAttributes(names...), cognito.DeliveryMediums(mediums...)
	names[0], mediums[0] = "email", types.DeliveryMediumTypeSms
	_, err := c.GetUsers(t.Context(), selected)
	require.NoError(t, err)
	assert.Equal(t, []any{"sub"}, lastCall(srv).Body["AttributesToGet"])
	_, err = c.AdminCreateUser(t.Context(), "dave", nil, delivered)
	require.NoError(t, err)
	assert.Equal(t, []any{"EMAIL"}, lastCall(srv).Body["DesiredDeliveryMediums"])
}
