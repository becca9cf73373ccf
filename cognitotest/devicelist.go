package cognitotest

// deviceType is a device on the wire.
type deviceType struct {
	DeviceKey                   string
	DeviceAttributes            []attribute
	DeviceCreateDate            float64
	DeviceLastModifiedDate      float64
	DeviceLastAuthenticatedDate float64
}

// describe is what the operations tell of a device; administrators see more.
func (p *pool) describe(u *user, d *device, admin bool) deviceType {
	attributes := []attribute{{"device_status", "valid"}}
	if d.name != "" {
		attributes = append(attributes, attribute{"device_name", d.name})
	}
	attributes = append(attributes, attribute{"last_ip_used", "127.0.0.1"})
	if admin {
		status := notRemembered
		if d.remembered {
			status = remembered
		}
		owner := p.cfg.UserPoolID + "." + u.sub
		attributes = append(attributes,
			attribute{"dev:device_arn", "arn:aws:cognito-idp:" + owner + ".device." + d.key},
			attribute{"dev:device_owner", owner}, attribute{"dev:device_remembered_status", status},
		)
	}
	return deviceType{
		DeviceKey: d.key, DeviceAttributes: attributes, DeviceCreateDate: epoch(d.created),
		DeviceLastModifiedDate: epoch(d.modified), DeviceLastAuthenticatedDate: epoch(d.authenticated),
	}
}

type getDeviceOutput struct{ Device deviceType }

func getDevice(p *pool, u *user, d *device, _ *deviceInput, admin bool) (getDeviceOutput, error) {
	return getDeviceOutput{p.describe(u, d, admin)}, nil
}

type listDevicesInput struct {
	AccessToken     string
	UserPoolID      string `json:"UserPoolId"`
	Username        string
	Limit           *int
	PaginationToken *string
}

type listDevicesOutput struct {
	Devices         []deviceType
	PaginationToken string `json:",omitempty"`
}

func (p *pool) listDevices(in *listDevicesInput) (listDevicesOutput, error) {
	return p.deviceList(in, "ListDevices", false)
}

func (p *pool) adminListDevices(in *listDevicesInput) (listDevicesOutput, error) {
	return p.deviceList(in, "AdminListDevices", true)
}

// deviceList lists the confirmed devices of a user, oldest first.
func (p *pool) deviceList(in *listDevicesInput, op string, admin bool) (listDevicesOutput, error) {
	out := listDevicesOutput{Devices: []deviceType{}}
	v := &validation{}
	pageForm(v, "limit", in.Limit, "paginationToken", in.PaginationToken)
	if err := v.err(); err != nil {
		return out, err
	}
	u, err := p.deviceOwner(in.AccessToken, in.UserPoolID, in.Username, admin)
	if err != nil {
		return out, err
	}
	pg := newPage(in.Limit, in.PaginationToken, op, u.sub)
	page, next, err := cut(p, pg, u.devices, func(d *device) int64 { return d.serial }, func(d *device) bool { return d.confirmed })
	for _, d := range page {
		out.Devices = append(out.Devices, p.describe(u, d, admin))
	}
	out.PaginationToken = next
	return out, err
}
