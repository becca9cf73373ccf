package cognito

import (
	"context"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// TrackedDevice is what the pool keeps about a user's device.
type TrackedDevice struct {
	// Key names the device.
	Key string
	// Name is what it was confirmed under; "" when that was nothing.
	Name string
	// LastIP is the address that it was used from last; "" when it is not known.
	LastIP string
	// Remembered says that it can stand in for MFA. Only the administrator's calls tell; else it is false.
	Remembered bool
	// Attributes are all that the service says, such as device_status; those that begin with "dev:" come with the
	// administrator's calls only.
	Attributes Attributes
	// Created, Modified and Authenticated are when it was confirmed, changed last and signed in with last; zero
	// when the service does not say.
	Created, Modified, Authenticated time.Time
}

func newTrackedDevice(d types.DeviceType) *TrackedDevice {
	attrs := newAttributes(d.DeviceAttributes)
	return &TrackedDevice{
		Key: aws.ToString(d.DeviceKey), Name: attrs["device_name"], LastIP: attrs["last_ip_used"],
		Remembered: attrs["dev:device_remembered_status"] == string(types.DeviceRememberedStatusTypeRemembered),
		Attributes: attrs, Created: aws.ToTime(d.DeviceCreateDate), Modified: aws.ToTime(d.DeviceLastModifiedDate),
		Authenticated: aws.ToTime(d.DeviceLastAuthenticatedDate),
	}
}

var errNoDeviceKey = fieldError("device key", "want the key of a device, got none")

// rememberedStatus is the service's word for it.
func rememberedStatus(remembered bool) types.DeviceRememberedStatusType {
	if remembered {
		return types.DeviceRememberedStatusTypeRemembered
	}
	return types.DeviceRememberedStatusTypeNotRemembered
}

// GetDevice returns what the pool keeps about the signed-in user's device key; [ErrDeviceNotFound] is the usual error.
//
// It calls GetDevice, which needs no AWS credentials but an access token: without one it returns [ErrNotSignedIn].
func (c *Cognito) GetDevice(ctx context.Context, key string) (*TrackedDevice, error) {
	d, err := c.getDevice(ctx, key)
	return d, wrapError("GetDevice", err)
}

func (c *Cognito) getDevice(ctx context.Context, key string) (*TrackedDevice, error) {
	if key == "" {
		return nil, errNoDeviceKey
	}
	var d *TrackedDevice
	err := c.withAccessToken(ctx, func(token *string) error {
		out, err := c.pool.sdk.GetDevice(ctx, &cognitoidentityprovider.GetDeviceInput{AccessToken: token, DeviceKey: aws.String(key)})
		if err != nil {
			return err
		}
		d, err = deviceOf(out.Device)
		return err
	})
	return d, err
}

// deviceOf takes a device out of an answer.
func deviceOf(d *types.DeviceType) (*TrackedDevice, error) {
	if d == nil {
		return nil, fieldError("the service's answer", "want a device, got none")
	}
	return newTrackedDevice(*d), nil
}

// Devices lists the signed-in user's devices, page by page as the range goes on; each range starts anew, and ends with
// the first error. It takes the options [Limit] and [PageSize].
//
// It calls ListDevices, which needs no AWS credentials but an access token: without one it returns [ErrNotSignedIn].
func (c *Cognito) Devices(ctx context.Context, opts ...CallOption) iter.Seq2[*TrackedDevice, error] {
	return wrapErrors("Devices", deviceList(ctx, opts, func(ctx context.Context, next *string, size *int32) (p page[types.DeviceType], err error) {
		err = c.withAccessToken(ctx, func(token *string) error {
			out, err := c.pool.sdk.ListDevices(ctx, &cognitoidentityprovider.ListDevicesInput{AccessToken: token, Limit: size, PaginationToken: next})
			if err == nil {
				p = page[types.DeviceType]{items: out.Devices, next: out.PaginationToken}
			}
			return err
		})
		return p, err
	}))
}

func deviceList(ctx context.Context, opts []CallOption, fetch func(context.Context, *string, *int32) (page[types.DeviceType], error)) iter.Seq2[*TrackedDevice, error] {
	call, err := newCallOptions(opts, optLimit, optPageSize)
	if err != nil {
		return failed[*TrackedDevice](err)
	}
	return mapped(pages(ctx, call.list, fetch), func(d types.DeviceType) (*TrackedDevice, error) { return newTrackedDevice(d), nil })
}

// UpdateDeviceStatus says whether the signed-in user's device key is remembered, so that it can stand in for MFA;
// [ErrDeviceNotFound] is the usual error.
//
// It calls UpdateDeviceStatus, which needs no AWS credentials but an access token: without one it returns
// [ErrNotSignedIn].
func (c *Cognito) UpdateDeviceStatus(ctx context.Context, key string, remembered bool) error {
	return wrapError("UpdateDeviceStatus", c.updateDeviceStatus(ctx, key, remembered))
}

func (c *Cognito) updateDeviceStatus(ctx context.Context, key string, remembered bool) error {
	if key == "" {
		return errNoDeviceKey
	}
	err := c.withAccessToken(ctx, func(token *string) error {
		_, err := c.pool.sdk.UpdateDeviceStatus(ctx, &cognitoidentityprovider.UpdateDeviceStatusInput{
			AccessToken: token, DeviceKey: aws.String(key), DeviceRememberedStatus: rememberedStatus(remembered),
		})
		return err
	})
	if err == nil {
		c.session.rememberedDevice(key, remembered)
	}
	return err
}

// ForgetDevice makes the pool forget the signed-in user's device key; if it is the session's, the session forgets it,
// too. [ErrDeviceNotFound] is the usual error.
//
// It calls ForgetDevice, which needs no AWS credentials but an access token: without one it returns [ErrNotSignedIn].
func (c *Cognito) ForgetDevice(ctx context.Context, key string) error {
	return wrapError("ForgetDevice", c.forgetDevice(ctx, key))
}

func (c *Cognito) forgetDevice(ctx context.Context, key string) error {
	if key == "" {
		return errNoDeviceKey
	}
	err := c.withAccessToken(ctx, func(token *string) error {
		_, err := c.pool.sdk.ForgetDevice(ctx, &cognitoidentityprovider.ForgetDeviceInput{AccessToken: token, DeviceKey: aws.String(key)})
		return err
	})
	if err == nil {
		c.session.dropDevice(key)
	}
	return err
}
